// A log against a plain model: random operations on both, and every look-up compared with a linear scan of the model.
#include <algorithm>
#include <deque>

#include "log/log_world.h"
#include "moldau/base/random.h"
#include "moldau/error.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

struct ModelRecord {
  std::string value;
  int64_t timestamp;
};

// The log under test, what it should hold, and one random history of both.
class History {
 public:
  History(Durability durability, uint64_t seed) : random_(seed), config_(SmallSegments(durability, 8192)) {
    config_.timestamp_after_max = log::kUnlimitedTime;
    log_ = world_.Open(config_).value();
  }

  void Run(int operations) {
    for (int i = 0; i < operations; ++i) Step();
    Compare();
  }

 private:
  [[nodiscard]] int64_t end() const { return start_ + static_cast<int64_t>(records_.size()); }
  [[nodiscard]] int64_t readable_end() const { return log_->high_watermark(); }

  void Step() {
    const uint64_t choice = random_.Below(1000);
    if (choice < 420) {
      AppendSome();
    } else if (choice < 440) {
      ClaimOne();
    } else if (choice < 700) {
      ReadAt(start_ + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(end() - start_) + 1)));
    } else if (choice < 850) {
      FollowOn();
    } else if (choice < 920) {
      FindByTime();
    } else if (choice < 940) {
      REQUIRE(log_->Flush().ok());
      CHECK(log_->high_watermark() == end());
    } else if (choice < 965) {
      world_.Settle();
    } else if (choice < 972) {
      REQUIRE(log_->Roll().ok());
    } else if (choice < 977) {
      Trim();
    } else if (choice < 982) {
      Truncate();
    } else if (choice < 988) {
      log_->CoolDown();
    } else if (choice < 990) {
      REQUIRE(log_->Prepare(random_.Below(20'000)).ok());
    } else if (choice < 997) {
      Reopen();
    } else {
      Die();
    }
  }

  std::string NextValue() {
    return std::to_string(counter_++) + std::string(random_.Below(random_.OneIn(50) ? 3000 : 60), 'v');
  }

  void AppendSome() {
    std::vector<ModelRecord> added;
    for (uint64_t n = 1 + random_.Below(4); n > 0; --n) {
      added.push_back(
          {NextValue(), 1'000'000 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(counter_) * 10 + 1))});
    }
    std::vector<Record> records;
    for (const ModelRecord& r : added) {
      records.push_back({.value = r.value, .timestamp = Timestamp(std::chrono::milliseconds(r.timestamp))});
    }
    const auto result = log_->Append(records);
    INFO(result.status().ToString());
    if (!result.ok()) {  // four large values may exceed the limit of a batch
      REQUIRE(GetErrorCode(result.status()) == ErrorCode::kMessageTooLarge);
      return;
    }
    REQUIRE(result->base_offset == end());
    records_.insert(records_.end(), added.begin(), added.end());
    REQUIRE(log_->log_end_offset() == end());
  }

  void ClaimOne() {
    const std::string value = NextValue();
    auto claim = log_->BeginClaim(std::nullopt, value.size());
    INFO(claim.status().ToString());
    REQUIRE(claim.ok());
    if (random_.OneIn(3)) return;  // dropped
    std::copy(value.begin(), value.end(), reinterpret_cast<char*>(claim->value().data()));
    const auto result = claim->Commit();
    REQUIRE(result.ok());
    REQUIRE(result->base_offset == end());
    records_.push_back({value, world_.clock.WallNow().time_since_epoch().count()});
  }

  // Compares the records of a slice from `from` on.
  void Expect(const log::LogSlice& slice, int64_t from) {
    int64_t next = from;
    for (size_t at = 0; at < slice.bytes.size();) {
      const record::BatchView batch(slice.bytes.data() + at);
      at += batch.size_in_bytes();
      for (const RecordView& record : batch.records()) {
        if (record.offset() < from) continue;
        if (record.offset() != next || record.value() != Model(next).value) FAIL("offset " << next << " differs");
        ++next;
      }
    }
    REQUIRE(next == slice.next_offset);
    REQUIRE(next <= end());
    lookups_ += 1;
  }

  const ModelRecord& Model(int64_t offset) { return records_.at(static_cast<size_t>(offset - start_)); }

  void ReadAt(int64_t offset) {
    const auto slice = log_->Read(offset, 1 + random_.Below(2000));
    INFO("offset " << offset << ": " << slice.status().ToString());
    REQUIRE(slice.ok());
    REQUIRE(slice->bytes.empty() == (offset >= readable_end()));
    if (!slice->bytes.empty()) Expect(*slice, offset);
  }

  void FollowOn() {
    if (cursor_.offset < start_ || cursor_.offset > readable_end()) cursor_ = {.offset = start_};
    const int64_t from = cursor_.offset;
    const auto slice = log_->Read(cursor_, 1 + random_.Below(3000));
    INFO("cursor at " << from << ": " << slice.status().ToString());
    REQUIRE(slice.ok());
    REQUIRE(slice->bytes.empty() == (from >= readable_end()));
    if (!slice->bytes.empty()) Expect(*slice, from);
  }

  void FindByTime() {
    const auto wanted = 1'000'000 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(counter_) * 10 + 10));
    const auto found = log_->FindByTimestamp(Timestamp(std::chrono::milliseconds(wanted)));
    INFO(found.status().ToString());
    REQUIRE(found.ok());
    int64_t expected = start_;
    while (expected < readable_end() && Model(expected).timestamp < wanted) ++expected;
    REQUIRE(found->has_value() == (expected < readable_end()));
    if (found->has_value()) REQUIRE((*found)->offset == expected);
    ++lookups_;
  }

  void Trim() {
    const int64_t offset =
        start_ + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(readable_end() - start_) + 1));
    REQUIRE(log_->Trim(offset).ok());
    while (start_ < offset) {
      records_.pop_front();
      ++start_;
    }
    REQUIRE(log_->log_start_offset() == start_);
    if (start_ > 0) REQUIRE(absl::IsOutOfRange(log_->Read(start_ - 1, 100).status()));
  }

  void Truncate() {
    const int64_t offset = end() - static_cast<int64_t>(random_.Below(std::min<uint64_t>(20, records_.size() + 1)));
    const absl::Status status = log_->Truncate(offset);
    INFO(status.ToString());
    REQUIRE(status.ok());
    // A batch goes as a whole.
    REQUIRE(log_->log_end_offset() <= std::max(offset, start_));
    while (end() > log_->log_end_offset() && !records_.empty()) records_.pop_back();
    REQUIRE(log_->log_end_offset() == end());
  }

  void Reopen() {
    REQUIRE(log_->Close().ok());
    const log::PartitionEntry entry = log_->Describe();
    cursor_ = {};
    log_ = nullptr;
    auto reopened = world_.Reopen(config_, entry, true, true);
    INFO(reopened.status().ToString());
    REQUIRE(reopened.ok());
    log_ = *std::move(reopened);
    Compare();
  }

  // The process dies: nothing that a `buffered` log has appended is lost, and of a `flushed` one nothing that is
  // durable.
  void Die() {
    const int64_t promised = config_.durability == Durability::kBuffered ? end() : log_->durable_offset();
    const log::PartitionEntry entry = log_->Describe();
    std::shared_ptr<storage::MemoryStorage> disk = world_.disk().CrashImage({.new_boot = false});
    cursor_ = {};
    log_ = nullptr;
    old_worlds_.push_back(world_.storage);
    world_.storage = disk;
    world_.environment.storage = disk.get();
    auto reopened = world_.Reopen(config_, entry, false, true);
    INFO(reopened.status().ToString());
    REQUIRE(reopened.ok());
    log_ = *std::move(reopened);
    INFO("promised " << promised << ", found " << log_->log_end_offset());
    REQUIRE(log_->log_end_offset() >= promised);
    while (end() > log_->log_end_offset()) records_.pop_back();
    Compare();
  }

  void Compare() {
    REQUIRE(log_->log_start_offset() == start_);
    REQUIRE(log_->log_end_offset() == end());
    const std::vector<std::string> values = ReadValues(*log_);
    REQUIRE(values.size() == static_cast<size_t>(readable_end() - start_));
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] != records_[i].value) FAIL("offset " << start_ + static_cast<int64_t>(i) << " differs");
    }
  }

  LogWorld world_;
  std::vector<std::shared_ptr<storage::Storage>> old_worlds_;
  Random random_;
  log::LogConfig config_;
  std::unique_ptr<log::Log> log_;
  log::LogCursor cursor_;
  std::deque<ModelRecord> records_;
  int64_t start_ = 0;
  int64_t counter_ = 1;
  int64_t lookups_ = 0;
};

void RunHistories(Durability durability, uint64_t first_seed) {
  constexpr int kOperations = 5000;
  const int histories = Scaled(25);
  for (int i = 0; i < histories; ++i) {
    const uint64_t seed = first_seed + static_cast<uint64_t>(i);
    INFO("seed " << seed);
    History(durability, seed).Run(kOperations);
  }
  Figure("log against a model: %d random operations, seeds %d to %d", int64_t{histories} * kOperations,
         static_cast<int64_t>(first_seed), static_cast<int64_t>(first_seed) + histories - 1);
}

TEST_CASE("a buffered log does what a plain list would do, histories 1", "[log][model]") {
  RunHistories(Durability::kBuffered, 1000);
}
TEST_CASE("a buffered log does what a plain list would do, histories 2", "[log][model]") {
  RunHistories(Durability::kBuffered, 2000);
}
TEST_CASE("a buffered log does what a plain list would do, histories 3", "[log][model]") {
  RunHistories(Durability::kBuffered, 3000);
}
TEST_CASE("a buffered log does what a plain list would do, histories 4", "[log][model]") {
  RunHistories(Durability::kBuffered, 4000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 1", "[log][model]") {
  RunHistories(Durability::kFlushed, 5000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 2", "[log][model]") {
  RunHistories(Durability::kFlushed, 6000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 3", "[log][model]") {
  RunHistories(Durability::kFlushed, 7000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 4", "[log][model]") {
  RunHistories(Durability::kFlushed, 8000);
}

}  // namespace
}  // namespace moldau::test
