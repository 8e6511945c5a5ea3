// One writer that appends, rolls, trims and truncates, and readers that never stop: what they see is whole, is what was
// written at that offset, and stays what it was as long as they hold it. For ThreadSanitizer as much as for itself.
#include <atomic>
#include <deque>
#include <thread>

#include "log/log_world.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

// Says which offset it belongs to, in which generation, and whether all of it is there.
std::string Signed(int64_t offset, int generation) {
  const auto size = static_cast<size_t>(20 + offset * 37 % 300);
  return absl::StrFormat("%d %d %s", offset, generation, std::string(size, static_cast<char>('a' + offset % 26)));
}

bool IsSigned(std::string_view value, int64_t offset) {
  const size_t space = value.find(' ', value.find(' ') + 1);
  if (space == std::string_view::npos) return false;
  const int generation = std::atoi(std::string(value.substr(value.find(' ') + 1)).c_str());
  return value == Signed(offset, generation);
}

class Readers {
 public:
  Readers(log::Log& log, int count) : log_(log) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Readers() { Stop(); }

  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  [[nodiscard]] int64_t records() const { return records_; }
  [[nodiscard]] int64_t wrong() const { return wrong_; }
  [[nodiscard]] std::string problem() {
    const base::MutexLock lock(mutex_);
    return problem_;
  }

 private:
  struct Held {
    log::LogSlice slice;
    std::string as_it_was;
  };

  static std::string TextOf(const log::LogSlice& slice) {
    return {reinterpret_cast<const char*>(slice.bytes.data()), slice.bytes.size()};
  }

  void Run() {
    std::deque<Held> held;
    log::LogCursor cursor;
    while (!stop_) {
      auto slice = log_.Read(cursor, 2000);
      if (!slice.ok()) {
        if (!absl::IsOutOfRange(slice.status())) Blame(slice.status().ToString());
        cursor = {.offset = log_.log_start_offset()};
        continue;
      }
      if (slice->bytes.empty()) {
        std::this_thread::yield();
        continue;
      }
      Check(*slice);
      held.push_back({*slice, TextOf(*slice)});
      if (held.size() <= 20) continue;
      if (TextOf(held.front().slice) != held.front().as_it_was) Blame("a view has changed");
      held.pop_front();
    }
  }

  void Check(const log::LogSlice& slice) {
    for (size_t at = 0; at < slice.bytes.size();) {
      const record::ParsedBatch parsed = record::BatchView::Parse(slice.bytes.subspan(at));
      if (!parsed.ok()) return Blame("half a batch");
      at += parsed.batch.size_in_bytes();
      for (const RecordView& record : parsed.batch.records()) {
        if (!IsSigned(record.value(), record.offset()))
          Blame("offset " + std::to_string(record.offset()) + " is wrong");
        ++records_;
      }
    }
  }

  void Blame(const std::string& problem) {
    ++wrong_;
    const base::MutexLock lock(mutex_);
    if (problem_.empty()) problem_ = problem;
  }

  log::Log& log_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> records_{0};
  std::atomic<int64_t> wrong_{0};
  base::Mutex mutex_;
  std::string problem_;
  std::vector<std::thread> threads_;
};

// Goes on for 300 steps at least, and until the readers have seen `wanted` records.
void Write(LogWorld& world, log::Log& log, bool truncates, const Readers& readers, int64_t wanted) {
  Random random(17);
  int generation = 0;
  for (int step = 1; (step <= 300 || readers.records() < wanted) && readers.wrong() == 0; ++step) {
    std::vector<std::string> values;
    for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
      values.push_back(Signed(log.log_end_offset() + static_cast<int64_t>(values.size()), generation));
    }
    std::vector<Record> records(values.size());
    for (size_t i = 0; i < values.size(); ++i) records[i].value = values[i];
    REQUIRE_OK(log.Append(records));
    if (step % 7 == 0) world.Settle();
    if (step % 10 == 0) REQUIRE_OK(log.Flush());
    if (step % 40 == 0) REQUIRE_OK(log.Roll());
    if (step % 60 == 0) REQUIRE_OK(log.Trim(std::max(log.log_start_offset(), log.high_watermark() - 40)));
    if (step % 150 == 0) log.CoolDown();
    if (truncates && step % 90 == 0) {
      ++generation;
      REQUIRE_OK(log.Truncate(std::max(log.log_start_offset(), log.log_end_offset() - 10)));
    }
  }
}

TEST_CASE("readers see whole batches only, and what they hold stays what it was while segments are rolled and deleted",
          "[log][threads][L17][L18]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  LogWorld world;
  auto log = world.Open(SmallSegments(durability, 8192)).value();
  Readers readers(*log, 3);
  Write(world, *log, false, readers, Scaled<int64_t>(20'000));
  readers.Stop();
  INFO(readers.problem());
  CHECK(readers.wrong() == 0);
  CHECK(log->log_start_offset() > 0);
  Figure("readers beside a writer, %s: %d records, none half or wrong",
         durability == Durability::kFlushed ? "flushed" : "buffered", readers.records());
}

TEST_CASE("readers of a log that is truncated under them see the old records or the new ones, each of them whole",
          "[log][threads][L17]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered, 8192)).value();
  Readers readers(*log, 3);
  Write(world, *log, true, readers, Scaled<int64_t>(10'000));
  readers.Stop();
  INFO(readers.problem());
  CHECK(readers.wrong() == 0);
}

TEST_CASE("a read that a trim overtakes is out of range, not damaged", "[log][L17]") {
  LogWorld world;
  const log::LogConfig config = SmallSegments(Durability::kBuffered);
  auto log = world.Open(config).value();
  for (int i = 0; i < 40; ++i) REQUIRE_OK(Append(*log, std::string(300, 'x')));
  REQUIRE_OK(log->Close());
  const log::PartitionEntry entry = log->Describe();
  log = world.Reopen(config, entry, true, true).value();
  bool trimmed = false;
  world.disk().SetHook([&](const storage::Operation& operation) {
    // The reader has found its segment and asks for its index: the moment at which the segment goes away.
    if (trimmed || operation.path.find("00000000000000000000.index") == std::string::npos) return absl::OkStatus();
    trimmed = true;
    return log->Trim(30);
  });
  const auto slice = log->Read(5, 100);
  CHECK(trimmed);
  CHECK(slice.status().code() == absl::StatusCode::kOutOfRange);
  CHECK(ReadValues(*log).size() == 10);
}

}  // namespace
}  // namespace moldau::test
