// What other versions have left: directories of earlier ones are read, and what a later one has written is refused as
// such and left as it is.
#include <filesystem>

#include "broker_world.h"
#include "moldau/consumer.h"
#include "moldau/error.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

void CheckFormat1(Broker& broker, int64_t first) {
  Partition orders = PartitionOf(*broker.FindTopic("orders"));
  CHECK(*orders.log_start_offset() == first);
  const Strings values = ValuesOf(orders);
  REQUIRE(values.size() == static_cast<size_t>(60 - first));
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t number = static_cast<size_t>(first) + i;
    CHECK(values[i] == "order " + std::to_string(number) + std::string(number * 13 % 90, '.'));
  }
  const auto fifty = orders.Read(50);
  REQUIRE_OK(fifty);
  CHECK((*fifty->begin()).key() == "customer 0");
  CHECK((*(*fifty->begin()).headers().begin()).key == "trace");
  CHECK((*orders.FindOffset((*fifty->begin()).timestamp()))->offset == 50);
  CHECK(ValuesOf(*broker.FindTopic("orders"), 1).empty());
  CHECK(ValuesOf(*broker.FindTopic("zipped")).at(4) == std::string(200, 'z') + "4");
  CHECK(broker.FindTopic("zipped")->durability() == Durability::kFlushed);
  const TopicPartition partition{"orders", 0};
  auto consumer = Consumer::Assign(broker, {&partition, 1}, {.group = "baristas", .enable_auto_commit = false});
  REQUIRE_OK(consumer);
  CHECK(*consumer->Committed(partition) == 42);
  CHECK(AppendDurably(orders, "goes on") == 60);
}

TEST_CASE("a data directory of format 1 is read, and written on", "[broker][format][L21]") {
  TempDir dir;
  std::filesystem::copy(MOLDAU_TEST_DIR "/broker/golden/format_1", dir / "data",
                        std::filesystem::copy_options::recursive);
  const BrokerOptions options{.data_dir = dir / "data", .log_level = LogLevel::kSilent, .offsets_partitions = 1};
  SECTION("as it was closed") {
    auto broker = Broker::Open(options);
    REQUIRE_OK(broker);
    CHECK((*broker)->recovery().clean_shutdown);
    CheckFormat1(**broker, 5);
  }
  SECTION("without its manifest, when the front that was trimmed is there again") {
    std::filesystem::remove(dir / "data/moldau.manifest");
    auto broker = Broker::Open(options);
    REQUIRE_OK(broker);
    CHECK((*broker)->recovery().cut.empty());
    CheckFormat1(**broker, 0);
  }
}

// A file of a partition that has been there, in another version than this program knows.
struct Newer {
  const char* name;
  const char* contents;
  const char* says;
};

TEST_CASE("files of a newer version keep their partition from opening, are named, and stay as they are",
          "[broker][format][L21]") {
  const Newer newer = GENERATE(Newer{"partition.metadata", "version: 1\ntopic_id: AAECAwQFBgcICQoLDA0ODw", "version"},
                               Newer{"leader-epoch-checkpoint", "1\n1\n0 0\n", "version"});
  BrokerWorld world;
  world.Open();
  Partition orders = PartitionOf(world.Create("orders"));
  AppendDurably(orders, "one");
  Partition audit = PartitionOf(world.Create("audit"));
  AppendDurably(audit, "audited");
  auto image = world.AfterKill();
  const std::string path = std::string("data/orders-0/") + newer.name;
  {
    auto file = image->Open(path, storage::OpenMode::kReadWrite);
    REQUIRE_OK(file);
    REQUIRE_OK((*file)->Truncate(0));
    REQUIRE_OK((*file)->Write(0, std::as_bytes(std::span(newer.contents, std::strlen(newer.contents)))));
  }
  BrokerWorld after({}, std::move(image));
  after.Open();
  REQUIRE(after.broker().recovery().refused.size() == 1);
  const absl::Status status = after.broker().recovery().refused[0].status;
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(status.message()), Contains(path) && Contains(newer.says));
  CHECK(ValuesOf(*after.broker().FindTopic("audit")) == Strings{"audited"});
  after.Drop();
  auto file = after.disk().Open(path, storage::OpenMode::kRead);
  REQUIRE_OK(file);
  std::string contents(*(*file)->Size(), '\0');
  REQUIRE_OK((*file)->Read(0, std::as_writable_bytes(std::span(contents))));
  CHECK(contents == newer.contents);
}

TEST_CASE("records of another format version are refused where they begin, never cut off as torn",
          "[broker][format][L21]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  const uint8_t version = GENERATE(uint8_t{1}, uint8_t{3}, uint8_t{200});
  const bool power_cut = GENERATE(false, true);
  BrokerWorld world;
  world.Open();
  Partition orders = PartitionOf(world.Create("orders", {.durability = durability}));
  AppendDurably(orders, "one");
  const uint64_t at = *orders.size_bytes();
  AppendDurably(orders, "written by a later version");
  REQUIRE_OK(world.broker().Flush());
  const uint64_t size = *orders.size_bytes();
  auto image = power_cut ? world.AfterPowerCut() : world.AfterKill();
  const std::string path = "data/orders-0/00000000000000000000.log";
  {
    auto file = image->Open(path, storage::OpenMode::kReadWrite);
    REQUIRE_OK(file);
    REQUIRE_OK((*file)->Write(at + 16, std::as_bytes(std::span(&version, 1))));
  }
  BrokerWorld after({}, std::move(image));
  after.Open();
  REQUIRE(after.broker().recovery().refused.size() == 1);
  const absl::Status status = after.broker().recovery().refused[0].status;
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(GetErrorCode(status) == ErrorCode::kUnsupportedVersion);
  CHECK_THAT(std::string(status.message()), Contains(path) && Contains("byte " + std::to_string(at)) &&
                                                Contains("format version") && Contains("reads 2"));
  CHECK(*(*after.disk().Open(path, storage::OpenMode::kRead))->Size() >= size);
}

}  // namespace
}  // namespace moldau::test
