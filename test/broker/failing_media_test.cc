// Failing media under a mapping, on a real file system: each case runs in a child, because without the guard a page
// that cannot be read ends the process.
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "broker_world.h"
#include "moldau/error.h"
#include "moldau/storage/forwarding_storage.h"
#include "support/child_process.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

constexpr size_t kPage = 4096;
constexpr int kRecords = 60;

std::string ValueOf(int number) { return std::to_string(number) + std::string(1000, 'v'); }

// A disk on which, from some moment on, the second page of the segments of "orders" cannot be read.
class BadSectorDisk final : public storage::ForwardingStorage {
 public:
  BadSectorDisk() : ForwardingStorage(storage::PosixStorage()) {}
  std::atomic<bool> is_bad{false};

 private:
  class File final : public storage::ForwardingFile {
   public:
    File(std::unique_ptr<storage::File> target, const BadSectorDisk& disk)
        : ForwardingFile(std::move(target)), disk_(disk) {}
    absl::StatusOr<std::unique_ptr<storage::Mapping>> Map(size_t size, storage::MapMode mode) override {
      auto mapping = target().Map(size, mode);
      if (mapping.ok() && disk_.is_bad && size > 2 * kPage) {
        // An access to a page of an empty file raises what an access to a bad sector raises.
        const int empty = memfd_create("bad sector", MFD_CLOEXEC);
        mmap((*mapping)->data() + kPage, kPage, PROT_READ, MAP_SHARED | MAP_FIXED, empty, 0);
        close(empty);
      }
      return mapping;
    }

   private:
    const BadSectorDisk& disk_;
  };

  std::unique_ptr<storage::File> Wrap(const std::string& path, std::unique_ptr<storage::File> file) override {
    const bool is_victim = path.find("orders-0/") != std::string::npos && path.ends_with(".log");
    return is_victim ? std::make_unique<File>(std::move(file), *this) : std::move(file);
  }
};

// Two partitions with records in a data directory that is closed again.
void FillBoth(const std::string& data_dir, const char* durability) {
  auto broker = Broker::Open({.data_dir = data_dir, .log_level = LogLevel::kSilent});
  REQUIRE_OK(broker);
  for (const char* name : {"orders", "audit"}) {
    Partition partition = PartitionOf(
        *(*broker)->CreateTopic(name, {.config = {{"moldau.durability", durability}, {"segment.bytes", "65536"}}}));
    for (int i = 0; i < kRecords; ++i) AppendDurably(partition, ValueOf(i));
  }
  REQUIRE_OK((*broker)->Close());
}

// What a child that reads and writes both partitions has met, told through its exit status.
enum Verdict { kGuarded, kNotOpened, kReadAnyway, kWrongError, kAppendedAnyway, kRecordsGone, kOtherFailed };

Verdict Judge(Broker& broker, int first_unreadable) {
  Partition orders = broker.FindTopic("orders")->partition(0).value();
  Partition audit = broker.FindTopic("audit")->partition(0).value();
  absl::Status failed;
  for (int64_t offset = 0; offset < kRecords && failed.ok(); ++offset) {
    const auto records = orders.Read(offset, {.max_bytes = 1});
    failed = records.status();
    if (records.ok() && (*records->begin()).value() != ValueOf(static_cast<int>(offset))) return kRecordsGone;
    if (!failed.ok() && offset < first_unreadable) return kRecordsGone;
  }
  if (failed.ok()) return kReadAnyway;
  const bool names_it = failed.message().find("orders-0/00000000000000000000.log") != absl::string_view::npos;
  if (!absl::IsDataLoss(failed) || !names_it) return kWrongError;
  // Nothing is acknowledged behind a gap.
  const auto receipt = orders.Append({.value = "behind the gap"});
  if (receipt.ok() && receipt->Wait().ok()) return kAppendedAnyway;
  if (orders.Describe()->health.ok()) return kWrongError;
  const auto more = audit.Append({.value = "on"});
  if (!more.ok() || !more->Wait().ok()) return kOtherFailed;
  int served = 0;
  for (int64_t offset = 0; offset <= kRecords; ++offset) served += audit.Read(offset)->empty() ? 0 : 1;
  return served == kRecords + 1 ? kGuarded : kOtherFailed;
}

BrokerOptions Guarded(const std::string& data_dir, bool guard) {
  std::signal(SIGBUS, SIG_DFL);  // in the child: the test framework has a handler of its own
  return {.data_dir = data_dir, .sigbus_guard = guard, .log_level = LogLevel::kSilent};
}

TEST_CASE("with the guard a page that cannot be read costs one partition, without it the process",
          "[broker][sigbus][L2]") {
  const char* durability = GENERATE("buffered", "flushed");
  TempDir dir;
  FillBoth(dir / "data", durability);
  const auto run = [&](bool guard) {
    return RunInChild([&]() -> int {
      BadSectorDisk disk;
      disk.is_bad = true;
      BrokerOptions options = Guarded(dir / "data", guard);
      options.storage = &disk;
      auto broker = Broker::Open(options);
      return broker.ok() ? Judge(**broker, 3) : kNotOpened;
    });
  };
  const ChildEnd end = run(true);
  CHECK(end.signal == 0);
  CHECK(end.exit_status == kGuarded);
  CHECK(run(false).signal == SIGBUS);
}

TEST_CASE("with the guard recovery refuses a partition of which a page cannot be read", "[broker][sigbus][L2]") {
  TempDir dir;
  FillBoth(dir / "data", "flushed");
  // Without the manifest every log is scanned.
  REQUIRE(unlink((dir / "data/moldau.manifest").c_str()) == 0);
  const ChildEnd end = RunInChild([&]() -> int {
    BadSectorDisk disk;
    disk.is_bad = true;
    BrokerOptions options = Guarded(dir / "data", true);
    options.storage = &disk;
    auto broker = Broker::Open(options);
    if (!broker.ok()) return 10;
    const auto& refused = (*broker)->recovery().refused;
    if (refused.size() != 1 || refused[0].partition.topic != "orders") return 11;
    if (!absl::IsDataLoss(refused[0].status)) return 12;
    return ValuesOf(*(*broker)->FindTopic("audit")).size() == kRecords ? 0 : 13;
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_status == 0);
}

TEST_CASE("with the guard a file that another process cuts off under its mapping costs one partition",
          "[broker][sigbus][L3]") {
  const char* durability = GENERATE("buffered", "flushed");
  TempDir dir;
  FillBoth(dir / "data", durability);
  const std::string file = dir / "data/orders-0/00000000000000000000.log";
  const ChildEnd end = RunInChild([&]() -> int {
    auto broker = Broker::Open(Guarded(dir / "data", true));
    if (!broker.ok()) return kNotOpened;
    // Mapped, and all of it read once: what is read now has been verified.
    if (ValuesOf(*(*broker)->FindTopic("orders")).size() != kRecords) return kRecordsGone;
    if (!(*broker)->FindTopic("orders")->partition(0)->Prepare(1).ok()) return kOtherFailed;  // maps nothing
    const ChildEnd other = RunInChild([&] { return truncate(file.c_str(), 2 * kPage); });
    if (other.exit_status != 0) return kNotOpened;
    return Judge(**broker, 5);
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_status == kGuarded);
}

TEST_CASE("without the guard a file that another process cuts off under its mapping ends the process",
          "[broker][sigbus][L3]") {
  TempDir dir;
  FillBoth(dir / "data", "flushed");
  const ChildEnd end = RunInChild([&]() -> int {
    auto broker = Broker::Open(Guarded(dir / "data", false));
    if (!broker.ok() || ValuesOf(*(*broker)->FindTopic("orders")).size() != kRecords) return 10;
    if (truncate((dir / "data/orders-0/00000000000000000000.log").c_str(), 2 * kPage) != 0) return 11;
    return Judge(**broker, 5);
  });
  CHECK(end.signal == SIGBUS);
}

TEST_CASE("a segment that has become shorter is refused by its size, with both numbers", "[broker][L3]") {
  TempDir dir;
  FillBoth(dir / "data", "flushed");
  REQUIRE(truncate((dir / "data/orders-0/00000000000000000000.log").c_str(), 2 * kPage) == 0);
  auto broker = Broker::Open({.data_dir = dir / "data", .log_level = LogLevel::kSilent});
  REQUIRE_OK(broker);
  const absl::Status status = PartitionOf(*(*broker)->FindTopic("orders")).Read(0).status();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(status.message()), Contains("orders-0") && Contains("8192") && Contains("expected"));
  CHECK(ValuesOf(*(*broker)->FindTopic("audit")).size() == kRecords);
}

TEST_CASE("a broker with the guard does all that one without it does", "[broker][sigbus][L2]") {
  TempDir dir;
  const ChildEnd end = RunInChild([&]() -> int {
    for (const char* durability : {"buffered", "flushed"}) {
      auto broker = Broker::Open(Guarded(dir / durability, true));
      if (!broker.ok()) return 10;
      auto topic =
          (*broker)->CreateTopic("orders", {.config = {{"moldau.durability", durability}, {"segment.bytes", "65536"}}});
      Partition partition = topic->partition(0).value();
      Strings expected;
      for (int i = 0; i < 500; ++i) {  // over the size at which a partition would be mapped, and many segments
        expected.push_back(ValueOf(i));
        const auto receipt = partition.Append({.value = expected.back()});
        if (!receipt.ok() || !receipt->Wait().ok()) return 11;
      }
      auto claim = partition.BeginClaim(std::nullopt, 3);
      const bool needs_mapping = std::string_view(durability) == "buffered";
      if (claim.ok() == needs_mapping) return 12;
      if (claim.ok()) {
        std::memcpy(claim->value().data(), "end", 3);
        const auto claimed = claim->Commit();
        if (!claimed.ok() || !claimed->Wait().ok()) return 13;
        expected.push_back("end");
      }
      if (ValuesOf(partition) != expected) return 14;
      if (!(*broker)->Close().ok()) return 15;
      broker->reset();
      broker = Broker::Open(Guarded(dir / durability, true));
      if (ValuesOf(*(*broker)->FindTopic("orders")) != expected) return 16;
    }
    return 0;
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_status == 0);
}

}  // namespace
}  // namespace moldau::test
