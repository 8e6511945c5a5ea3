#include "coordinator/share_state_store.h"

#include <map>

#include "base/logger.h"
#include "log/flush_gate.h"
#include "log/handle_cache.h"
#include "moldau/base/manual_clock.h"
#include "moldau/base/random.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::coordinator {
namespace {

constexpr int32_t kPartitions = 3;

// The state topic on a disk in memory.
class Logs final : public ShareStateLogs {
 public:
  explicit Logs(std::unique_ptr<storage::MemoryStorage> disk = std::make_unique<storage::MemoryStorage>(),
                uint32_t segment_bytes = 1 << 20)
      : disk_(std::move(disk)) {
    config_.durability = Durability::kBuffered;
    config_.segment_bytes = segment_bytes;
    disk_->CreateDirectory("data").IgnoreError();  // it may be there
    disk_->FlushDirectory(".").IgnoreError();
  }

  int32_t state_partition_count() override { return kPartitions; }
  absl::StatusOr<log::Log*> StateLogForWriting(int32_t partition) override { return StateLogForReading(partition); }
  absl::StatusOr<log::Log*> StateLogForReading(int32_t partition) override {
    std::unique_ptr<log::Log>& log = logs_[partition];
    if (log != nullptr) return log.get();
    auto opened = log::Log::Open({.storage = disk_.get(),
                                  .clock = &clock_,
                                  .executor = executor_.get(),
                                  .logger = &logger_,
                                  .memory = &memory_,
                                  .flush_gate = &gate_,
                                  .handles = &handles_},
                                 "data/__share_group_state-" + std::to_string(partition),
                                 {std::string(kShareStateTopic), partition, Uuid{{8}}}, config_, {});
    if (!opened.ok()) return opened.status();
    log = *std::move(opened);
    return log.get();
  }

  [[nodiscard]] ShareStateStore Store() { return {*this, clock_, std::make_shared<base::MemoryBudget>(1 << 24)}; }
  [[nodiscard]] storage::MemoryStorage& disk() { return *disk_; }
  [[nodiscard]] uint64_t SizeInBytes() {
    uint64_t size = 0;
    for (const auto& [id, log] : logs_) size += log->size_bytes();
    return size;
  }

 private:
  std::unique_ptr<storage::MemoryStorage> disk_;
  ManualClock clock_;
  log::LogConfig config_;
  std::unique_ptr<ManualExecutor> executor_ = MakeManualExecutor(clock_);
  base::Logger logger_{clock_, nullptr, LogLevel::kSilent};
  base::MemoryBudget memory_{1 << 30};
  log::FlushGate gate_;
  log::HandleCache handles_{100};
  std::map<int32_t, std::unique_ptr<log::Log>> logs_;
};

ShareKey Key(int number) { return {.group = "jobs", .topic_id = Uuid{{1}}, .partition = number}; }

// What the file system holds of a process that was killed.
Logs Killed(Logs& logs) { return Logs(logs.disk().CrashImage({.new_boot = false})); }

ShareStateStore::Opened Opened(ShareStateStore& store, const ShareKey& key) {
  auto opened = store.Open(key);
  REQUIRE_OK(opened);
  return *std::move(opened);
}

constexpr auto kAvailable = DeliveryState::kAvailable;
constexpr auto kAcknowledged = DeliveryState::kAcknowledged;

TEST_CASE("of a key that nobody has written there is no state", "[coordinator][queue]") {
  Logs logs;
  ShareStateStore store = logs.Store();
  CHECK_FALSE(Opened(store, Key(0)).state);
}

TEST_CASE("what was written survives a kill without a flush, and a power cut after one", "[coordinator][queue]") {
  Logs logs;
  ShareStateStore store = logs.Store();
  const auto writer = Opened(store, Key(0)).writer;
  ShareState state{.start_offset = 3};
  REQUIRE_OK(writer->WriteSnapshot(state));
  const auto write = [&](int64_t start, const std::vector<StateBatch>& changes) {
    state.Apply(start, changes);
    REQUIRE_OK(writer->Write(start, changes, [&] { return state; }));
  };
  write(3, {{3, 9, kAvailable, 1}});
  write(5, {{3, 4, kAcknowledged, 1}, {7, 7, kAcknowledged, 1}});
  {
    Logs after = Killed(logs);
    ShareStateStore again = after.Store();
    CHECK(Opened(again, Key(0)).state == state);
    CHECK_FALSE(Opened(again, Key(1)).state);
  }
  REQUIRE_OK(writer->Flush());
  const ShareState flushed = state;
  write(8, {{5, 6, kAcknowledged, 1}});
  Logs after(logs.disk().CrashImage({}));
  ShareStateStore again = after.Store();
  CHECK(Opened(again, Key(0)).state == flushed);
}

TEST_CASE("memory and log agree after any history of writes, kills and tidying", "[coordinator][queue]") {
  Random random(11);
  constexpr int kKeys = 7;
  auto logs = std::make_unique<Logs>(std::make_unique<storage::MemoryStorage>(), 16 << 10);
  auto store = std::make_unique<ShareStateStore>(logs->Store());
  std::map<int, std::unique_ptr<ShareStateStore::Writer>> writers;
  std::map<int, ShareState> model;
  for (int i = 0; i < 6000; ++i) {
    const int key = static_cast<int>(random.Below(kKeys));
    if (random.OneIn(700)) {
      writers.clear();
      auto next = std::make_unique<Logs>(logs->disk().CrashImage({.new_boot = false}), 16 << 10);
      store.reset();
      logs = std::move(next);
      store = std::make_unique<ShareStateStore>(logs->Store());
      continue;
    }
    if (random.OneIn(50)) {
      REQUIRE_OK(store->Tidy());
      continue;
    }
    auto& writer = writers[key];
    if (writer == nullptr) {
      if (random.OneIn(3)) continue;  // some stay closed for a while
      auto opened = store->Open(Key(key));
      REQUIRE_OK(opened);
      REQUIRE((opened->state == (model.contains(key) ? std::optional(model[key]) : std::nullopt)));
      writer = std::move(opened->writer);
    }
    ShareState& state = model[key];
    const int64_t first = state.start_offset + static_cast<int64_t>(random.Below(20));
    const StateBatch change{first, first + static_cast<int64_t>(random.Below(5)),
                            random.OneIn(2) ? kAvailable : kAcknowledged, static_cast<int16_t>(random.Below(9))};
    const int64_t start = state.start_offset + static_cast<int64_t>(random.Below(3));
    state.Apply(start, {change});
    REQUIRE_OK(writer->Write(start, {change}, [&] { return state; }));
  }
}

TEST_CASE("the log of states stays short, however much is written and whoever is idle", "[coordinator][queue][Q8]") {
  constexpr uint64_t kSegment = 16 << 10;
  Logs logs(std::make_unique<storage::MemoryStorage>(), kSegment);
  {
    ShareStateStore store = logs.Store();  // of before: keys that nobody opens any more
    for (int i = 0; i < 20; ++i) REQUIRE_OK(Opened(store, Key(i)).writer->WriteSnapshot({.start_offset = i}));
  }
  ShareStateStore store = logs.Store();
  const auto busy = Opened(store, Key(0)).writer;
  const auto idle = Opened(store, Key(1)).writer;
  ShareState state;
  for (int64_t i = 1; i <= 20'000; ++i) {
    state.start_offset = i;
    REQUIRE_OK(busy->Write(i, {{i - 1, i - 1, kAcknowledged, 1}}, [&] { return state; }));
    if (i % 100 != 0) continue;
    REQUIRE_OK(store.Tidy());
    if (idle->wants_snapshot()) REQUIRE_OK(idle->WriteSnapshot({.start_offset = 1}));
  }
  // A snapshot comes after 500 updates of about 130 bytes; the log holds two such rounds and the segments they begin
  // in.
  CHECK(logs.SizeInBytes() < 16 * kSegment);
  Logs after = Killed(logs);
  ShareStateStore again = after.Store();
  CHECK(Opened(again, Key(0)).state == state);
  for (int i = 1; i < 20; ++i) CHECK(Opened(again, Key(i)).state == ShareState{.start_offset = i});
}

TEST_CASE("a topic that is forgotten leaves no state", "[coordinator][queue]") {
  Logs logs;
  const ShareKey other{.group = "jobs", .topic_id = Uuid{{2}}};
  {
    ShareStateStore store = logs.Store();
    for (int i = 0; i < 4; ++i) REQUIRE_OK(Opened(store, Key(i)).writer->WriteSnapshot({.start_offset = 9}));
    REQUIRE_OK(Opened(store, other).writer->WriteSnapshot({.start_offset = 7}));
  }
  ShareStateStore store = logs.Store();  // nothing is in memory yet
  REQUIRE_OK(store.ForgetTopic(Uuid{{1}}));
  Logs after(logs.disk().CrashImage({}));
  ShareStateStore again = after.Store();
  for (int i = 0; i < 4; ++i) CHECK_FALSE(Opened(again, Key(i)).state);
}

TEST_CASE("what is known of records that a power cut took is forgotten, durably", "[coordinator][queue]") {
  Logs logs;
  {
    ShareStateStore store = logs.Store();
    REQUIRE_OK(Opened(store, Key(0)).writer->WriteSnapshot({9, {{9, 12, kAvailable, 1}}}));
    REQUIRE_OK(Opened(store, Key(1)).writer->WriteSnapshot({2, {{3, 6, kAcknowledged, 1}}}));
    REQUIRE_OK(Opened(store, Key(2)).writer->WriteSnapshot({2, {{3, 4, kAcknowledged, 1}}}));
    REQUIRE_OK(Opened(store, Key(3)).writer->WriteSnapshot({1, {}}));
    REQUIRE_OK(Opened(store, Key(4)).writer->WriteSnapshot({9, {}}));
  }
  ShareStateStore store = logs.Store();
  REQUIRE_OK(store.Truncate([](const Uuid&, int32_t partition) -> absl::StatusOr<int64_t> {
    if (partition == 3) return absl::NotFoundError("deleted");
    if (partition == 4) return absl::DataLossError("damaged");
    return 5;
  }));
  Logs after(logs.disk().CrashImage({}));
  ShareStateStore again = after.Store();
  CHECK(Opened(again, Key(0)).state == ShareState{5, {}});
  CHECK(Opened(again, Key(1)).state == ShareState{2, {{3, 4, kAcknowledged, 1}}});
  CHECK(Opened(store, Key(2)).state == ShareState{2, {{3, 4, kAcknowledged, 1}}});
  CHECK_FALSE(Opened(again, Key(3)).state);
  CHECK(Opened(again, Key(4)).state == ShareState{9, {}});
}

TEST_CASE("a damaged state record is reported with its place", "[coordinator][queue]") {
  Logs logs;
  const std::string key = EncodeShareKey(ShareRecordKind::kSnapshot, Key(0));
  const Record damaged{.key = key, .value = std::string_view("\0\0x", 3)};
  for (int32_t i = 0; i < kPartitions; ++i) REQUIRE_OK((*logs.StateLogForWriting(i))->Append({&damaged, 1}));
  ShareStateStore store = logs.Store();
  const absl::Status status = store.Open(Key(0)).status();
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains("offset 0"));
  CHECK(absl::IsDataLoss(store.Knows(Key(0)).status()));
  CHECK_OK(store.ForgetTopic(Uuid{{1}}));  // which nobody may be kept from
}

TEST_CASE("a key whose first snapshot could not be written is as new, one that was written is opened once",
          "[coordinator][queue]") {
  Logs logs;
  ShareStateStore store = logs.Store();
  auto first = Opened(store, Key(0));
  logs.disk().SetHook([](const storage::Operation& operation) {
    return operation.kind == storage::OperationKind::kWrite ? absl::ResourceExhaustedError("injected")
                                                            : absl::OkStatus();
  });
  REQUIRE_FALSE(first.writer->WriteSnapshot({.start_offset = 7}).ok());
  logs.disk().SetHook(nullptr);
  CHECK_FALSE(store.Knows(Key(0)).value());
  const auto second = Opened(store, Key(0));
  CHECK_FALSE(second.state);
  REQUIRE_OK(second.writer->WriteSnapshot({.start_offset = 7}));
  CHECK(store.Knows(Key(0)).value());
  CHECK(absl::IsInternal(store.Open(Key(0)).status()));  // nobody else knows its state any more
}

}  // namespace
}  // namespace moldau::coordinator
