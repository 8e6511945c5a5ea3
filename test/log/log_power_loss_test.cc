// Pulls the plug at every single storage operation of a log's life, with every subset of what the disk had not been
// told to keep (all of them up to eight pages, sampled above), and opens what is left. Then pulls it again.
#include <algorithm>

#include "log/log_world.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

using storage::MemoryStorage;

class PowerLoss {
 public:
  PowerLoss(Durability durability, uint64_t seed) : config_(SmallSegments(durability)), random_(seed) {
    config_.retention_bytes = 6000;
  }

  // Writes, flushes, rolls, trims, deletes, closes and reopens, with the plug pulled at each operation on the way.
  void Run() {
    world_.disk().SetHook([this](const storage::Operation&) {
      if (inside_ || failed_) return absl::OkStatus();
      try {
        CrashHere();
      } catch (...) {  // a failed assertion; nothing may be thrown through the log
        failed_ = true;
      }
      return absl::OkStatus();
    });
    Live(world_.Open(config_).value(), 14);
    Live(Reopen(true), 8);
    Live(Reopen(false), 8);
    world_.disk().SetHook(nullptr);
    REQUIRE_FALSE(failed_);
  }

  [[nodiscard]] int64_t images() const { return images_; }
  [[nodiscard]] int64_t operations() const { return operations_; }

 private:
  std::unique_ptr<log::Log> Reopen(bool clean) {
    auto log = world_.Reopen(config_, entry_, clean, true);
    INFO(log.status().ToString());
    REQUIRE(log.ok());
    return *std::move(log);
  }

  void Live(std::unique_ptr<log::Log> log, int rounds) {
    log_ = log.get();
    for (int round = 0; round < rounds; ++round) {
      for (uint64_t n = 1 + random_.Below(3); n > 0; --n) {
        attempted_.push_back(std::to_string(attempted_.size()) + std::string(random_.Below(700), 'x'));
        REQUIRE(Append(*log, attempted_.back()).ok());
        completed_ = static_cast<int64_t>(attempted_.size());
      }
      if (round % 3 == 0) REQUIRE(log->Flush().ok());
      if (round % 4 == 1) world_.Settle();
      if (round % 5 == 2) Checkpoint();
      if (round % 6 == 5) REQUIRE(log->Trim(log->log_start_offset() + 1).ok());
      if (round % 7 == 6) REQUIRE(log->ApplyRetention().ok());
      if (random_.OneIn(4)) world_.disk().WriteBackSome(random_);
    }
    REQUIRE(log->Close().ok());
    Checkpoint();
    log_ = nullptr;
  }

  // What the manifest says from now on; it is durable the moment it says so.
  void Checkpoint() { entry_ = log_->Describe(); }

  void CrashHere() {
    inside_ = true;
    ++operations_;
    promised_ = std::max(entry_.recovery_point, log_ == nullptr ? int64_t{0} : log_->durable_offset());
    const MemoryStorage::Pending pending = world_.disk().pending();
    const size_t bits = pending.pages.size() + pending.metadata.size();
    if (bits <= 8) {
      for (uint64_t mask = 0; mask < (uint64_t{1} << bits); ++mask) Crash(PlanOf(mask, pending));
    } else {
      for (int i = Scaled(40); i > 0; --i) Crash(world_.disk().RandomPlan(random_));
    }
    if (config_.durability == Durability::kBuffered) CheckProcessDeath();
    inside_ = false;
  }

  static MemoryStorage::CrashPlan PlanOf(uint64_t mask, const MemoryStorage::Pending& pending) {
    MemoryStorage::CrashPlan plan;
    for (size_t i = 0; i < pending.pages.size(); ++i) plan.pages.push_back((mask >> i & 1) != 0);
    for (size_t i = 0; i < pending.metadata.size(); ++i)
      plan.metadata.push_back((mask >> (i + pending.pages.size()) & 1) != 0);
    return plan;
  }

  void Crash(const MemoryStorage::CrashPlan& plan) {
    ++images_;
    std::shared_ptr<MemoryStorage> disk = world_.disk().CrashImage(plan);
    const std::string extra = "after the crash";
    std::shared_ptr<MemoryStorage> second;
    int64_t extra_at = 0;
    {
      LogWorld after(disk);
      after.identity = world_.identity;
      auto log = OpenAndCheck(after, false);
      const auto appended = Append(*log, extra);
      INFO(appended.status().ToString());
      REQUIRE(appended.ok());
      extra_at = appended->base_offset;
      REQUIRE(log->Flush().ok());
      if (!random_.OneIn(8)) return;
      second = disk->CrashImage(disk->RandomPlan(random_));
    }
    // The plug is pulled again: what was flushed since is there.
    LogWorld again(second);
    again.identity = world_.identity;
    auto log = again.Reopen(config_, entry_, false, false);
    INFO(log.status().ToString());
    REQUIRE(log.ok());
    REQUIRE((*log)->log_end_offset() == extra_at + 1);
    REQUIRE(ReadValues(**log, extra_at) == std::vector<std::string>{extra});
  }

  // Only the process dies: all that a buffered log has taken is there.
  void CheckProcessDeath() {
    ++images_;
    LogWorld after(world_.disk().CrashImage({.new_boot = false}));
    after.identity = world_.identity;
    auto log = OpenAndCheck(after, true);
    REQUIRE(log->log_end_offset() >= completed_);
  }

  std::unique_ptr<log::Log> OpenAndCheck(LogWorld& after, bool same_boot) {
    auto log = after.Reopen(config_, entry_, false, same_boot);
    INFO("operation " << operations_ << ": " << log.status().ToString());
    REQUIRE(log.ok());
    INFO("promised " << promised_ << ", found " << (*log)->log_end_offset());
    REQUIRE((*log)->log_end_offset() >= promised_);
    REQUIRE((*log)->log_start_offset() >= entry_.log_start_offset);
    int64_t offset = (*log)->log_start_offset();
    for (const std::string& value : ReadValues(**log)) {
      if (value != attempted_.at(static_cast<size_t>(offset)))
        FAIL("offset " << offset << " is not what was appended there");
      ++offset;
    }
    REQUIRE(offset == (*log)->log_end_offset());
    return *std::move(log);
  }

  LogWorld world_;
  log::LogConfig config_;
  Random random_;
  log::Log* log_ = nullptr;
  log::PartitionEntry entry_;
  std::vector<std::string> attempted_;
  int64_t completed_ = 0;
  int64_t promised_ = 0;
  int64_t images_ = 0;
  int64_t operations_ = 0;
  bool inside_ = false;
  bool failed_ = false;
};

void PullThePlug(Durability durability, uint64_t first_seed, const char* name) {
  int64_t images = 0;
  int64_t operations = 0;
  const int seeds = Scaled(4);
  for (int i = 0; i < seeds; ++i) {
    INFO("seed " << first_seed + static_cast<uint64_t>(i));
    PowerLoss history(durability, first_seed + static_cast<uint64_t>(i));
    history.Run();
    images += history.images();
    operations += history.operations();
  }
  Figure("power loss, %s: %d crash states at %d storage operations, all recovered", name, images, operations);
}

TEST_CASE("a flushed log keeps every acknowledged record whatever a power cut leaves of the disk", "[log][power]") {
  PullThePlug(Durability::kFlushed, 1, "flushed");
}

TEST_CASE("a buffered log is a prefix of itself after a power cut, and whole after the death of its process",
          "[log][power]") {
  PullThePlug(Durability::kBuffered, 100, "buffered");
}

}  // namespace
}  // namespace moldau::test
