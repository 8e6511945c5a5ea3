#include "log/segment_name.h"

#include <limits>

#include "moldau/error.h"
#include "support/catch.h"

namespace moldau::log {
namespace {

TEST_CASE("a segment's files are named by their base offset in twenty digits", "[log][names]") {
  CHECK(SegmentFileName(0, kLogSuffix) == "00000000000000000000.log");
  CHECK(SegmentFileName(42, kTimeIndexSuffix) == "00000000000000000042.timeindex");
  CHECK(SegmentFileName(std::numeric_limits<int64_t>::max(), kLogSuffix) == "09223372036854775807.log");
}

TEST_CASE("a segment's file name is read back with what it is and was", "[log][names]") {
  using Kind = FileKind;
  const std::pair<const char*, ParsedName> names[] = {
      {"00000000000000000042.log", {42, Kind::kLog, Kind::kLog}},
      {"00000000000000000042.index", {42, Kind::kIndex, Kind::kIndex}},
      {"00000000000000000042.timeindex", {42, Kind::kTimeIndex, Kind::kTimeIndex}},
      {"00000000000000000042.txnindex", {42, Kind::kTxnIndex, Kind::kTxnIndex}},
      {"00000000000000000042.snapshot", {42, Kind::kSnapshot, Kind::kSnapshot}},
      {"00000000000000000042.log.deleted", {42, Kind::kDeleted, Kind::kLog}},
      {"00000000000000000042.timeindex.deleted", {42, Kind::kDeleted, Kind::kTimeIndex}},
      {"00000000000000000042.index.cleaned", {42, Kind::kCleaned, Kind::kIndex}},
      {"00000000000000000042.log.swap", {42, Kind::kSwap, Kind::kLog}},
      {"00000000000000000042.log.prepared", {42, Kind::kPrepared, Kind::kLog}},
      {"00000000000000000042.prepared", {42, Kind::kPrepared, Kind::kLog}},
      {"09223372036854775807.log", {std::numeric_limits<int64_t>::max(), Kind::kLog, Kind::kLog}},
  };
  for (const auto& [name, parsed] : names) {
    INFO(name);
    CHECK(ParseSegmentFileName(name) == parsed);
  }
}

TEST_CASE("a foreign file name is not taken for a segment's", "[log][names]") {
  for (const char* name : {"",
                           "log",
                           ".log",
                           "42.log",
                           "0000000000000000042.log",
                           "000000000000000000042.log",
                           "00000000000000000042",
                           "00000000000000000042.",
                           "00000000000000000042.LOG",
                           "00000000000000000042.log ",
                           "00000000000000000042.log.",
                           "00000000000000000042log",
                           "00000000000000000042.logs",
                           "00000000000000000042.deleted",
                           "00000000000000000042.log.deleted.deleted",
                           "00000000000000000042.log.log",
                           "-0000000000000000042.log",
                           "+0000000000000000042.log",
                           "0000000000000000004x.log",
                           "09223372036854775808.log",
                           "99999999999999999999.log",
                           "leader-epoch-checkpoint",
                           "partition.metadata",
                           "moldau.manifest"}) {
    INFO(name);
    CHECK(ParseSegmentFileName(name) == std::nullopt);
  }
}

TEST_CASE("a partition's directory is named by topic and number and read back, split at the last dash",
          "[log][names]") {
  CHECK(PartitionDirectoryName("orders", 3) == "orders-3");
  CHECK(ParsePartitionDirectoryName("orders-3") == ParsedDirectory{"orders", 3});
  CHECK(ParsePartitionDirectoryName("orders-2024-0") == ParsedDirectory{"orders-2024", 0});
  CHECK(ParsePartitionDirectoryName("--1") == ParsedDirectory{"-", 1});
  CHECK(ParsePartitionDirectoryName("__cluster_metadata-0") == ParsedDirectory{"__cluster_metadata", 0});
  CHECK(ParsePartitionDirectoryName("orders-2147483647") == ParsedDirectory{"orders", 2147483647});
}

TEST_CASE("a foreign directory is not taken for a partition's", "[log][names]") {
  for (const char* name : {"", "orders", "-0", "orders-", "orders-03", "orders-00", "orders--", "orders-3x",
                           "orders-+3", "orders-2147483648", "or ders-3", ".-3", "..-3", "a/b-3", "lost+found",
                           "orders-3.0123456789abcdef0123456789abcdef-delete", "orders-3-future"}) {
    INFO(name);
    CHECK(ParsePartitionDirectoryName(name) == std::nullopt);
  }
}

TEST_CASE("a topic name of Kafka's alphabet is valid", "[log][names]") {
  CHECK_OK(ValidateTopicName("a"));
  CHECK_OK(ValidateTopicName("..."));
  CHECK_OK(ValidateTopicName("-"));
  CHECK_OK(ValidateTopicName("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"));
  CHECK_OK(ValidateTopicName(std::string(249, 'x')));
}

TEST_CASE("a topic name that could leave the data directory or break a message is refused, naming the rule",
          "[log][names]") {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, const char*> names[] = {
      {"", "topic name \"\" is empty"},
      {".", "topic name \".\" is reserved"},
      {"..", "topic name \"..\" is reserved"},
      {"../etc", "topic name \"../etc\" has a character"},
      {"a/b", "topic name \"a/b\" has a character"},
      {"a b", "topic name \"a b\" has a character"},
      {"a\0b"sv, "topic name \"a\\000b\" has a character"},
      {"a\nb", "topic name \"a\\nb\" has a character"},
      {"caf\xc3\xa9", "topic name \"caf\\303\\251\" has a character"},
      {"\"", "topic name \"\\\"\" has a character"},
  };
  for (const auto& [name, message] : names) {
    const absl::Status status = ValidateTopicName(name);
    INFO(status.ToString());
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(GetErrorCode(status) == ErrorCode::kInvalidTopic);
    CHECK(std::string(status.message()).starts_with(message));
    CHECK(std::string(status.message())
              .ends_with("1 to 249 characters of [a-zA-Z0-9._-] and be neither \".\" nor \"..\""));
  }
}

TEST_CASE("every single byte outside Kafka's alphabet makes a topic name invalid", "[log][names]") {
  int valid = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string name = {'a', static_cast<char>(byte), 'b'};
    if (ValidateTopicName(name).ok()) ++valid;
  }
  CHECK(valid == 26 + 26 + 10 + 3);
}

TEST_CASE("a topic name that is too long is refused with its length and only its beginning shown", "[log][names]") {
  const absl::Status status = ValidateTopicName(std::string(250, 'x'));
  CHECK(std::string(status.message()).starts_with("topic name \"" + std::string(64, 'x') + "...\" has 250: "));
}

}  // namespace
}  // namespace moldau::log
