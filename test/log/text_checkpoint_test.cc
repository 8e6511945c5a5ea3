#include "log/text_checkpoint.h"

#include "log/file_damage.h"
#include "support/catch.h"

namespace moldau::log {
namespace {

TEST_CASE("a text checkpoint has Kafka's lines", "[log][checkpoint]") {
  CHECK(EncodeTextCheckpoint({}) == "0\n0\n");
  const std::vector<std::string> lines = {"orders 0 17", "orders 1 4"};
  CHECK(EncodeTextCheckpoint(lines) == "0\n2\norders 0 17\norders 1 4\n");
}

TEST_CASE("a text checkpoint is read back as it was written", "[log][checkpoint]") {
  const auto lines = ParseTextCheckpoint("0\n2\norders 0 17\norders 1 4\n");
  REQUIRE_OK(lines);
  CHECK(*lines == std::vector<std::string_view>{"orders 0 17", "orders 1 4"});
  CHECK(ParseTextCheckpoint("0\n0\n")->empty());
}

TEST_CASE("an empty text checkpoint has no entries, as in Kafka", "[log][checkpoint]") {
  REQUIRE_OK(ParseTextCheckpoint(""));
  CHECK(ParseTextCheckpoint("")->empty());
}

TEST_CASE("a text checkpoint that is not exactly what Kafka writes is refused by line", "[log][checkpoint]") {
  const std::pair<const char*, const char*> texts[] = {
      {"0", "line 1: the version is not a number"},
      {"x\n0\n", "line 1: the version is not a number"},
      {"00\n0\n", "line 1: the version is not a number"},
      {"-1\n0\n", "line 1: the version is not a number"},
      {"0\r\n0\r\n", "line 1: the version is not a number"},
      {"0\n", "line 2: the number of entries is not a number"},
      {"0\n1 \na\n", "line 2: the number of entries is not a number"},
      {"0\n4294967296\n", "line 2: the number of entries is not a number"},
      {"0\n2\na\n", "line 2: promises 2 entries, 1 follow"},
      {"0\n1\na\nb\n", "line 2: promises 1 entries, 2 follow"},
      {"0\n2147483647\n", "line 2: promises 2147483647 entries, 0 follow"},
      {"0\n2\na\nb", "line 4: does not end with a newline"},
  };
  for (const auto& [text, message] : texts) {
    const auto lines = ParseTextCheckpoint(text);
    CHECK(lines.status().code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(lines.status().message()) == message);
  }
}

TEST_CASE("a text checkpoint of a newer version is refused as such, not as damage", "[log][checkpoint][L21]") {
  const auto lines = ParseTextCheckpoint("1\n0\n");
  CHECK(lines.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(lines.status().message()) ==
        "line 1: format version 1 is newer than 0: written by a newer version");
}

TEST_CASE("every shortened text checkpoint is refused, but the empty one", "[log][checkpoint]") {
  ForEachPrefix("0\n2\norders 0 17\norders 1 4\n", [](const std::string& prefix) {
    INFO(prefix);
    CHECK(ParseTextCheckpoint(prefix).ok() == prefix.empty());
  });
}

TEST_CASE("a decimal is read only as Kafka prints it", "[log][checkpoint]") {
  CHECK(ParseDecimal("0", 10) == 0);
  CHECK(ParseDecimal("10", 10) == 10);
  CHECK(ParseDecimal("9223372036854775807", INT64_MAX) == INT64_MAX);
  for (const char* text : {"", "11", "01", "00", "+1", "-1", " 1", "1 ", "0x1", "1e0", "9223372036854775808"}) {
    INFO(text);
    CHECK(ParseDecimal(text, 10) == std::nullopt);
  }
  CHECK(ParseDecimal("9223372036854775808", INT64_MAX) == std::nullopt);
}

}  // namespace
}  // namespace moldau::log
