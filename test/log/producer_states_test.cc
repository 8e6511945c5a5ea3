#include "log/producer_states.h"

#include "log/producer_batches.h"
#include "moldau/error.h"
#include "record/sequence.h"
#include "support/catch.h"

namespace moldau::test {
namespace {

using log::ProducerStates;

// What a partition answers to batches, one behind the other.
class Partition {
 public:
  // The offset of an earlier copy, -1 if it is new (and then it is appended), or the code of the refusal as -1000 -
  // code.
  int64_t Send(const ProducerBatch& batch) {
    std::vector<std::byte> bytes = Encode(batch);
    const auto earlier = states.Check(record::BatchView(bytes.data()));
    if (!earlier.ok()) {
      message = std::string(earlier.status().message());
      return -1000 - static_cast<int64_t>(GetErrorCode(earlier.status()));
    }
    if (*earlier) return (*earlier)->base_offset;
    record::PatchBatch(bytes.data(), end, 0);
    states.Add(record::BatchView(bytes.data()), batch.timestamp_ms);
    end += batch.records;
    return -1;
  }

  size_t Expire(int64_t time_ms) {
    size_t forgotten = 0;
    size_t next = 0;
    do forgotten += states.RemoveIdleSince(time_ms, next);
    while (next != 0);
    return forgotten;
  }

  ProducerStates states;
  std::string message;
  int64_t end = 100;
};

constexpr int64_t kNew = -1;
constexpr int64_t kOutOfOrder = -1045;
constexpr int64_t kFenced = -1047;

TEST_CASE("each of the last five batches of a producer is answered with the offset it has", "[log][producers]") {
  Partition partition;
  for (int32_t i = 0; i < 7; ++i) CHECK(partition.Send({.sequence = 3 * i, .records = 3}) == kNew);
  for (int32_t i = 2; i < 7; ++i) CHECK(partition.Send({.sequence = 3 * i, .records = 3}) == 100 + 3 * i);
  CHECK(partition.Send({.sequence = 3, .records = 3}) == kOutOfOrder);
  CHECK(partition.Send({.sequence = 0, .records = 3}) == kOutOfOrder);
  CHECK(partition.Send({.sequence = 21, .records = 1}) == kNew);
}

TEST_CASE("a batch that only begins or ends like an earlier one is no copy of it", "[log][producers]") {
  Partition partition;
  CHECK(partition.Send({.sequence = 0, .records = 4}) == kNew);
  CHECK(partition.Send({.sequence = 0, .records = 3}) == kOutOfOrder);
  CHECK(partition.Send({.sequence = 1, .records = 3}) == kOutOfOrder);
  CHECK(partition.Send({.sequence = 0, .records = 4}) == 100);
}

TEST_CASE("a batch whose predecessors are missing is refused with the numbers", "[log][producers]") {
  Partition partition;
  CHECK(partition.Send({.producer_id = 7, .sequence = 0, .records = 2}) == kNew);
  CHECK(partition.Send({.producer_id = 7, .sequence = 3}) == kOutOfOrder);
  CHECK(partition.message == "producer 7 of epoch 0: batch begins with sequence 3, 2 was expected");
  CHECK(partition.Send({.producer_id = 7, .sequence = 2}) == kNew);
}

TEST_CASE("a producer that nothing is known of may begin anywhere", "[log][producers]") {
  Partition partition;
  CHECK(partition.Send({.sequence = 4711}) == kNew);
  CHECK(partition.Send({.sequence = 4713}) == kOutOfOrder);
  CHECK(partition.Send({.sequence = 4712}) == kNew);
}

TEST_CASE("a new epoch begins at sequence 0 and shuts the old one out", "[log][producers]") {
  Partition partition;
  CHECK(partition.Send({.producer_id = 7, .epoch = 3, .sequence = 0}) == kNew);
  CHECK(partition.Send({.producer_id = 7, .epoch = 4, .sequence = 1}) == kOutOfOrder);
  CHECK(partition.Send({.producer_id = 7, .epoch = 4, .sequence = 0}) == kNew);
  CHECK(partition.Send({.producer_id = 7, .epoch = 3, .sequence = 0}) == kFenced);
  CHECK(partition.message == "producer 7: batch is of epoch 3, epoch 4 has taken over");
  CHECK(partition.Send({.producer_id = 7, .epoch = 4, .sequence = 0}) == 101);
  CHECK(partition.Send({.producer_id = 7, .epoch = 4, .sequence = 1}) == kNew);
}

TEST_CASE("sequences go on at 0 behind 2^31 - 1, within a batch too", "[log][producers]") {
  constexpr int32_t kLast = record::kMaxSequence;
  Partition partition;
  CHECK(partition.Send({.sequence = kLast - 1, .records = 2}) == kNew);
  CHECK(partition.Send({.sequence = 1}) == kOutOfOrder);
  CHECK(partition.Send({.sequence = 0, .records = 2}) == kNew);
  CHECK(partition.Send({.sequence = kLast - 1, .records = 2}) == 100);

  Partition across;
  CHECK(across.Send({.sequence = kLast - 1, .records = 5}) == kNew);  // MAX - 1, MAX, 0, 1, 2
  CHECK(across.Send({.sequence = kLast - 1, .records = 5}) == 100);
  CHECK(across.Send({.sequence = 2}) == kOutOfOrder);
  CHECK(across.Send({.sequence = 3}) == kNew);
}

TEST_CASE("sequence numbers wrap both ways", "[log][producers]") {
  constexpr int32_t kLast = record::kMaxSequence;
  CHECK(record::SequenceAfter(0, 1) == 1);
  CHECK(record::SequenceAfter(kLast, 1) == 0);
  CHECK(record::SequenceAfter(kLast - 2, 5) == 2);
  CHECK(record::SequenceAfter(kLast, kLast) == kLast - 1);
  CHECK(record::SequenceBefore(5, 5) == 0);
  CHECK(record::SequenceBefore(0, 1) == kLast);
  CHECK(record::SequenceBefore(2, 5) == kLast - 2);
}

TEST_CASE("a snapshot keeps the last batch of each producer and nothing is lost with it but the four before",
          "[log][producers]") {
  Partition partition;
  for (int32_t i = 0; i < 3; ++i) CHECK(partition.Send({.producer_id = 9, .sequence = 2 * i, .records = 2}) == kNew);
  CHECK(partition.Send({.producer_id = 4, .epoch = 1, .sequence = 0, .timestamp_ms = 77}) == kNew);
  std::vector<log::ProducerEntry> entries = partition.states.Entries();
  REQUIRE(entries.size() == 2);
  if (entries[0].producer_id == 9) std::swap(entries[0], entries[1]);
  CHECK(entries[0] == log::ProducerEntry{.producer_id = 4,
                                         .producer_epoch = 1,
                                         .last_sequence = 0,
                                         .last_offset = 106,
                                         .offset_delta = 0,
                                         .timestamp = 77});
  CHECK(entries[1].last_sequence == 5);
  CHECK(entries[1].offset_delta == 1);

  Partition again;
  again.states = ProducerStates::FromEntries(entries);
  CHECK_THAT(again.states.Entries(), Catch::UnorderedEquals(entries));
  CHECK(again.Send({.producer_id = 9, .sequence = 4, .records = 2}) == 104);
  CHECK(again.Send({.producer_id = 9, .sequence = 2, .records = 2}) == kOutOfOrder);
  CHECK(again.Send({.producer_id = 9, .sequence = 6}) == kNew);
}

TEST_CASE("an idle producer is forgotten, one that goes on is not", "[log][producers]") {
  Partition partition;
  CHECK(partition.Send({.producer_id = 1, .sequence = 0, .timestamp_ms = 1000}) == kNew);
  CHECK(partition.Send({.producer_id = 2, .sequence = 0, .timestamp_ms = 2000}) == kNew);
  CHECK(partition.Expire(999) == 0);
  CHECK(partition.Expire(1000) == 1);
  CHECK(partition.Send({.producer_id = 1, .sequence = 9}) == kNew);
  CHECK(partition.Send({.producer_id = 2, .sequence = 9}) == kOutOfOrder);
}

TEST_CASE("many idle producers are forgotten a few thousand at a time", "[log][producers]") {
  constexpr int64_t kMany = 20'000;
  Partition partition;
  for (int64_t id = 0; id < kMany; ++id) {
    REQUIRE(partition.Send({.producer_id = id, .timestamp_ms = id % 4 == 0 ? 2000 : 1000}) == kNew);
  }
  size_t next = 0;
  const size_t first = partition.states.RemoveIdleSince(1000, next);
  CHECK(first > 0);
  CHECK(first < 4000);
  CHECK(next > 0);
  // Those that come meanwhile spoil nothing.
  for (int64_t id = kMany; id < 2 * kMany; ++id) {
    REQUIRE(partition.Send({.producer_id = id, .timestamp_ms = 2000}) == kNew);
  }
  while (next != 0) partition.states.RemoveIdleSince(1000, next);
  partition.Expire(1000);
  CHECK(partition.states.size() == kMany / 4 + kMany);
  CHECK(partition.Expire(2000) == kMany / 4 + kMany);
  CHECK(partition.states.empty());
}

}  // namespace
}  // namespace moldau::test
