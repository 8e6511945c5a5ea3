// Writing in place: a claim is a slot in the log itself. The value is built where it will stay, never copied.
#include <chrono>
#include <cmath>
#include <cstring>
#include <iostream>

#include "moldau/moldau.h"

namespace {

struct Sample {
  int64_t number;
  double value;
};

constexpr int64_t kSamples = 100'000;

}  // namespace

int main() {
  auto broker = moldau::Broker::Open({.data_dir = "claim_commit.data"}).value();
  auto topic = broker->OpenTopic("samples", {.durability = moldau::Durability::kBuffered}).value();
  moldau::Partition samples = topic.partition(0).value();
  const int64_t first = samples.log_end_offset().value();

  for (int64_t i = 0; i < kSamples; ++i) {
    moldau::Partition::Claim claim = samples.BeginClaim("sensor", sizeof(Sample)).value();
    const Sample sample{.number = i, .value = std::sin(static_cast<double>(i) / 1000)};
    std::memcpy(claim.value().data(), &sample, sizeof(sample));
    claim.Commit().value();
  }
  {
    // A claim that is not committed leaves no trace.
    moldau::Partition::Claim dropped = samples.BeginClaim("sensor", sizeof(Sample)).value();
  }

  int64_t expected = 0;
  double sum = 0;
  for (int64_t offset = first; offset < samples.log_end_offset().value();) {
    const moldau::FetchedRecords records = samples.Read(offset).value();
    for (const moldau::RecordView& record : records) {
      Sample sample;
      std::memcpy(&sample, record.value().data(), sizeof(sample));
      if (sample.number != expected++) return 1;
      sum += sample.value;
    }
    offset = records.next_offset();
  }
  std::cout << expected << " samples written in place and read back in order, sum " << sum << "\n";
  return expected == kSamples ? 0 : 1;
}
