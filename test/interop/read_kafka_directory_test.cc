// Moldau reads a data directory that a real Apache Kafka has written.
#include <fstream>
#include <map>
#include <vector>

#include "interop/kafka_tools.h"
#include "moldau/offline.h"
#include "support/figure.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

constexpr int kRecords = 500;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST_CASE("a directory written by Apache Kafka is read offline, every codec", "[interop][kafka]") {
  TempDir directory;
  const std::string data = directory / "kafka";
  const ToolResult started = Kafka("start " + data);
  INFO(started.output);
  REQUIRE(started.exit_status == 0);
  const std::string server = "127.0.0.1:" + FirstLine(started.output);
  const std::string input = directory / "input";
  {
    std::ofstream lines(input);
    for (int i = 0; i < kRecords; ++i) lines << "trace:" << i << "\tkey " << i % 10 << "\tvalue " << i << "\n";
  }
  const std::vector<std::string> codecs = {"none", "gzip", "snappy", "lz4", "zstd"};
  for (const std::string& codec : codecs) {
    const ToolResult sent =
        Kafka("run org.apache.kafka.tools.ConsoleProducer --bootstrap-server " + server + " --topic " + codec +
              " --compression-codec " + codec + " --property parse.key=true --property parse.headers=true < " + input);
    INFO(sent.output);
    REQUIRE(sent.exit_status == 0);
  }
  REQUIRE(Kafka("stop " + data).exit_status == 0);
  for (const std::string& codec : codecs) {
    auto log = OfflineLog::Open(data + "/log/" + codec + "-0");
    INFO(codec << ": " << log.status().ToString());
    REQUIRE(log.ok());
    int next = 0;
    const absl::Status status = log->ForEach([&](const RecordView& record) {
      CHECK(record.offset() == next);
      CHECK(record.value() == "value " + std::to_string(next));
      CHECK(record.key() == "key " + std::to_string(next % 10));
      for (const HeaderView& header : record.headers()) {
        CHECK(header.key == "trace");
        CHECK(header.value == std::to_string(next));
      }
      ++next;
      return true;
    });
    INFO(status.ToString());
    CHECK(status.ok());
    CHECK(next == kRecords);
  }
  Figure("a directory of Apache Kafka 4.3.1: %d records in %d codecs read", kRecords * static_cast<int>(codecs.size()),
         static_cast<int>(codecs.size()));
}

}  // namespace
}  // namespace moldau::test
