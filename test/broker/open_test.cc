#include <sys/stat.h>
#include <unistd.h>

#include "broker_world.h"
#include "log/manifest.h"
#include "moldau/error.h"
#include "support/child_process.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

std::string Contents(storage::Storage& storage, const std::string& path) {
  auto file = storage.Open(path, storage::OpenMode::kRead);
  REQUIRE_OK(file);
  std::string contents(*(*file)->Size(), '\0');
  REQUIRE_OK((*file)->Read(0, std::as_writable_bytes(std::span(contents))));
  return contents;
}

void PutFile(storage::Storage& storage, const std::string& path, std::string_view contents) {
  auto file = storage.Open(path, storage::OpenMode::kOpenOrCreate);
  REQUIRE_OK(file);
  REQUIRE_OK((*file)->Write(0, std::as_bytes(std::span(contents.data(), contents.size()))));
}

TEST_CASE("every problem of the options is named at once", "[broker][open]") {
  ManualClock clock;
  auto executor = MakeManualExecutor(Clock::System());
  const absl::Status status = Broker::Open({.clock = &clock,
                                            .executor = executor.get(),
                                            .threads = -1,
                                            .memory_limit = 10,
                                            .topic_defaults = {{"retention.ms", "x"}, {"nosuch", ""}},
                                            .offsets_durability = Durability::kReplicated,
                                            .offsets_partitions = 0,
                                            .checkpoint_interval = 0ms})
                                  .status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  for (const char* part :
       {"data_dir is empty", "threads is -1", "clock is not", "memory_limit is 10", "retention.ms=x", "nosuch",
        "offsets_durability is replicated", "offsets_partitions is 0", "checkpoint_interval is 0 ms"}) {
    CHECK_THAT(std::string(status.message()), Contains(part));
  }
}

TEST_CASE("a new data directory is made, durably", "[broker][open]") {
  BrokerWorld world;
  world.Open();
  CHECK_FALSE(world.broker().cluster_id().is_zero());
  CHECK(world.Names() == Strings{".lock", "moldau.manifest"});
  BrokerWorld after({}, world.AfterPowerCut());
  CHECK(after.Open().cluster_id() == world.broker().cluster_id());
}

TEST_CASE("a data directory that is not there is not made against the options", "[broker][open]") {
  BrokerWorld world({.create_if_missing = false});
  const absl::Status status = world.TryOpen();
  CHECK(status.code() == absl::StatusCode::kNotFound);
  CHECK_THAT(std::string(status.message()), Contains("data"));
}

TEST_CASE("a directory is open once", "[broker][open][L15]") {
  TempDir dir;
  auto first = Broker::Open({.data_dir = dir / "data", .log_level = LogLevel::kSilent});
  REQUIRE_OK(first);
  storage::Storage& disk = storage::PosixStorage();
  const auto listed = *disk.List(dir / "data");
  const std::string manifest = Contents(disk, dir / "data/moldau.manifest");
  const absl::Status status = Broker::Open({.data_dir = dir / "data"}).status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(status.message()), Contains(dir / "data") && Contains(std::to_string(getpid())));
  CHECK(*disk.List(dir / "data") == listed);
  CHECK(Contents(disk, dir / "data/moldau.manifest") == manifest);
  REQUIRE_OK((*first)->Close());
  CHECK_OK(Broker::Open({.data_dir = dir / "data"}));
}

TEST_CASE("a directory that another process has open is refused naming that process", "[broker][open][L15]") {
  TempDir dir;
  int to_parent[2];
  int to_child[2];
  REQUIRE(pipe(to_parent) == 0);
  REQUIRE(pipe(to_child) == 0);
  ChildProcess holder([&] {
    auto broker = Broker::Open({.data_dir = dir / "data", .threads = 0});
    char byte = broker.ok() ? 'y' : 'n';
    if (write(to_parent[1], &byte, 1) != 1) return 1;
    return read(to_child[0], &byte, 1) == 1 ? 0 : 2;
  });
  char byte = 0;
  REQUIRE(read(to_parent[0], &byte, 1) == 1);
  REQUIRE(byte == 'y');
  const absl::Status status = Broker::Open({.data_dir = dir / "data"}).status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(status.message()), Contains(dir / "data") && Contains(std::to_string(holder.pid())));
  holder.Kill();
  holder.Wait();
  CHECK_OK(Broker::Open({.data_dir = dir / "data", .log_level = LogLevel::kSilent}));  // the lock died with its holder
}

TEST_CASE("a path that is a file is refused and left alone", "[broker][open]") {
  TempDir dir;
  PutFile(storage::PosixStorage(), dir / "data", "not a directory");
  const absl::Status status = Broker::Open({.data_dir = dir / "data"}).status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(status.message()), Contains(dir / "data") && Contains("directory"));
  CHECK(storage::PosixStorage().List(dir.path())->size() == 1);
  CHECK(Contents(storage::PosixStorage(), dir / "data") == "not a directory");
}

TEST_CASE("a directory without permission is refused naming it", "[broker][open]") {
  if (geteuid() == 0) {
    // Root may do everything; what is checked is that the storage's answer comes through.
    BrokerWorld world;
    world.Open();
    world.Drop();
    world.disk().SetHook([](const storage::Operation& operation) {
      return operation.kind == storage::OperationKind::kList ? absl::PermissionDeniedError("data: permission denied")
                                                             : absl::OkStatus();
    });
    const absl::Status status = world.TryOpen();
    CHECK(status.code() == absl::StatusCode::kPermissionDenied);
    CHECK_THAT(std::string(status.message()), Contains("data"));
    return;
  }
  TempDir dir;
  REQUIRE(mkdir((dir / "data").c_str(), 0) == 0);
  const absl::Status status = Broker::Open({.data_dir = dir / "data"}).status();
  CHECK(status.code() == absl::StatusCode::kPermissionDenied);
  CHECK_THAT(std::string(status.message()), Contains(dir / "data"));
}

TEST_CASE("files and directories have the rights of their owner and group only", "[broker][open]") {
  TempDir dir;
  {
    auto broker = Broker::Open({.data_dir = dir / "data"});
    REQUIRE_OK(broker);
    Partition partition = PartitionOf(*(*broker)->CreateTopic("orders"));
    AppendDurably(partition, "one");
  }
  const auto mode = [&](const std::string& name) {
    struct stat info {};
    REQUIRE(stat((dir / name).c_str(), &info) == 0);
    return info.st_mode & 0777u;
  };
  CHECK(mode("data") == 0750);
  CHECK(mode("data/orders-0") == 0750);
  CHECK(mode("data/moldau.manifest") == 0640);
  CHECK(mode("data/orders-0/00000000000000000000.log") == 0640);
}

TEST_CASE("foreign files are left alone and named once", "[broker][open]") {
  BrokerWorld world;
  world.Open();
  world.Create("orders");
  world.Drop();
  PutFile(world.disk(), "data/notes.txt", "mine");
  REQUIRE_OK(world.disk().CreateDirectory("data/backup"));
  REQUIRE_OK(world.disk().CreateDirectory("data/stray-0"));
  PutFile(world.disk(), "data/stray-0/00000000000000000000.log", "whatever");
  world.Open();
  world.Settle();
  CHECK(world.HasMessage("notes.txt"));
  CHECK(world.HasMessage("backup"));
  CHECK(world.HasMessage("stray-0"));
  CHECK(Contents(world.disk(), "data/notes.txt") == "mine");
  CHECK(Contents(world.disk(), "data/stray-0/00000000000000000000.log") == "whatever");
  CHECK(world.broker().ListTopics() == Strings{"orders"});
}

TEST_CASE("a foreign directory does not become part of a new topic", "[broker][open]") {
  BrokerWorld world;
  world.Open();
  world.Drop();
  REQUIRE_OK(world.disk().CreateDirectory("data/stray-1"));
  Broker& broker = world.Open();
  const absl::Status status = broker.CreateTopic("stray", {.partitions = 2}).status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(status.message()), Contains("data/stray-1"));
  CHECK(broker.ListTopics().empty());
  world.Create("stray");
  CHECK(broker.AddPartitions("stray", 2).code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("a manifest of a newer version is refused, not taken for damage", "[broker][open][L21]") {
  BrokerWorld world;
  world.Open();
  world.Drop();
  const uint8_t newer = log::kManifestVersion + 1;
  auto file = world.disk().Open("data/moldau.manifest", storage::OpenMode::kReadWrite);
  REQUIRE_OK(file);
  REQUIRE_OK((*file)->Write(8, std::as_bytes(std::span(&newer, 1))));
  const absl::Status status = world.TryOpen();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(status.message()),
             Contains("moldau.manifest") && Contains("version") && Contains(std::to_string(newer)));
  CHECK(static_cast<uint8_t>(Contents(world.disk(), "data/moldau.manifest")[8]) == newer);
}

TEST_CASE("a damaged manifest is refused with the way to go on", "[broker][open]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  AppendDurably(partition, "one");
  world.Drop();
  REQUIRE_OK(world.disk().FlipBit("data/moldau.manifest", 8 * 40));
  const absl::Status status = world.TryOpen();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(status.message()), Contains("moldau.manifest") && Contains("without this file"));
  REQUIRE_OK(world.disk().Remove("data/moldau.manifest"));
  CHECK(ValuesOf(*world.Open().FindTopic("orders")) == Strings{"one"});
}

TEST_CASE("damage in the log of topics keeps the broker from opening", "[broker][open]") {
  BrokerWorld world;
  world.Open();
  for (const char* name : {"a", "b", "c"}) world.Create(name);
  world.Drop();
  REQUIRE_OK(world.disk().FlipBit("data/__cluster_metadata-0/00000000000000000000.log", 8 * 100));
  const absl::Status status = world.TryOpen();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(status.message()), Contains("__cluster_metadata-0") && Contains("byte"));
}

TEST_CASE("a log of topics that has gone keeps the broker from opening", "[broker][open]") {
  BrokerWorld world;
  world.Open();
  world.Create("orders");
  world.Drop();
  for (const std::string& name : world.Names("", "data/__cluster_metadata-0")) {
    REQUIRE_OK(world.disk().Remove("data/__cluster_metadata-0/" + name));
  }
  REQUIRE_OK(world.disk().Remove("data/__cluster_metadata-0"));
  const absl::Status status = world.TryOpen();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(status.message()), Contains("__cluster_metadata-0"));
}

}  // namespace
}  // namespace moldau::test
