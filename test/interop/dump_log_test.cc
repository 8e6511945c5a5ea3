// Kafka's own dump tool reads what Moldau has written and finds nothing to complain about.
#include <algorithm>
#include <filesystem>
#include <vector>

#include "interop/kafka_tools.h"
#include "moldau/moldau.h"
#include "support/figure.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

constexpr int kRecords = 3000;

// All files below `directory` that end in `suffix`, separated by commas, as the tool wants them.
std::string FilesOf(const std::string& directory, const std::string& suffix, int& count) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().extension() == suffix) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  count = static_cast<int>(paths.size());
  std::string joined;
  for (const std::string& path : paths) joined += (joined.empty() ? "" : ",") + path;
  return joined;
}

void WriteTopic(Broker& broker, const std::string& name, Compression codec, const std::string& durability) {
  const TopicConfig config = {{"moldau.durability", durability},
                              {"segment.bytes", "65536"},
                              {"max.message.bytes", "32768"},
                              {"index.interval.bytes", "1024"}};
  REQUIRE(broker.OpenTopic(name, {.config = config}).ok());
  Producer producer(broker, {.batch_size_bytes = 2000, .compression = codec});
  const Header headers[] = {{.key = "trace", .value = "4bf92f"}, {.key = "empty", .value = ""}, {.key = "none"}};
  for (int i = 0; i < kRecords; ++i) {
    const std::string key = "key " + std::to_string(i);
    const std::string value = "value " + std::to_string(i) + std::string(static_cast<size_t>(i) % 90, 'x');
    Record record{.key = key, .value = value};
    if (i % 5 == 0) record.headers = headers;
    if (i % 7 == 0) record.key.reset();
    if (i % 11 == 0) record.value.reset();
    if (i % 13 == 0) record.value = "";
    REQUIRE(producer.Send(name, record).ok());
  }
  REQUIRE(producer.Flush().ok());
}

void CheckNoComplaint(const ToolResult& result) {
  INFO(result.output.substr(0, 4000));
  CHECK(result.exit_status == 0);
  for (const char* complaint : {"Exception", "ismatch", "isvalid: false", "Found timestamp", "corrupt"}) {
    INFO(complaint);
    CHECK(CountOf(result.output, complaint) == 0);
  }
  // The tool of 4.3.1 takes the first record of every segment but the first for a jump from -1.
  CHECK(CountOf(result.output, "is followed by") == CountOf(result.output, "-1 is followed by"));
}

TEST_CASE("Kafka's dump tool reads logs, indexes and snapshots of every codec", "[interop][kafka]") {
  TempDir directory;
  const std::string data = directory / "data";
  const std::pair<const char*, Compression> codecs[] = {{"none", Compression::kNone},
                                                        {"gzip", Compression::kGzip},
                                                        {"snappy", Compression::kSnappy},
                                                        {"lz4", Compression::kLz4},
                                                        {"zstd", Compression::kZstd}};
  {
    auto broker = Broker::Open({.data_dir = data}).value();
    for (const auto& [name, codec] : codecs) {
      WriteTopic(*broker, std::string(name) + "-buffered", codec, "buffered");
      WriteTopic(*broker, std::string(name) + "-flushed", codec, "flushed");
    }
    auto consumer = Consumer::Subscribe(*broker, {.group = "readers", .topics = {"none-flushed"}}).value();
    REQUIRE(consumer.Poll(std::chrono::seconds(1)).ok());
    REQUIRE(consumer.Commit().ok());
    REQUIRE(consumer.Close().ok());
    REQUIRE(broker->Close().ok());
  }
  int segments = 0;
  for (const auto& [name, codec] : codecs) {
    for (const char* durability : {"-buffered", "-flushed"}) {
      const std::string partition = data + "/" + name + durability + "-0";
      int files = 0;
      const std::string logs = FilesOf(partition, ".log", files);
      segments += files;
      const ToolResult dump =
          Kafka("run org.apache.kafka.tools.DumpLogSegments --deep-iteration --print-data-log --files " + logs);
      CheckNoComplaint(dump);
      CHECK(CountOf(dump.output, "| offset: ") == kRecords);
      CHECK(CountOf(dump.output, std::string("compresscodec: ") + name) > 0);
      if (codec == Compression::kNone) CHECK(files > 3);
    }
  }
  int indexes = 0;
  for (const char* suffix : {".index", ".timeindex", ".snapshot"}) {
    int files = 0;
    const std::string paths = FilesOf(data, suffix, files);
    indexes += files;
    const ToolResult dump = Kafka("run org.apache.kafka.tools.DumpLogSegments --files " + paths);
    CheckNoComplaint(dump);
    if (std::string(suffix) == ".snapshot") {
      // Each topic has one producer, which the snapshot at the end of each segment knows; the last one tells of the
      // last record.
      CHECK(CountOf(dump.output, "producerId: ") == static_cast<size_t>(segments));
      CHECK(CountOf(dump.output, "lastSequence: " + std::to_string(kRecords - 1) + " ") == 10);
    }
    if (std::string(suffix) != ".snapshot") {
      CheckNoComplaint(Kafka("run org.apache.kafka.tools.DumpLogSegments --index-sanity-check --files " + paths));
    }
  }
  Figure("Kafka's dump tool: %d segments, %d indexes and snapshots read without complaint", segments, indexes);
}

// What the tool makes of the one partition of the offsets topic that is there.
ToolResult DecodeOffsets(const std::string& data) {
  std::string log;
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    if (entry.path().filename().string().starts_with("__consumer_offsets-")) log = entry.path().string();
  }
  int files = 0;
  ToolResult decoded =
      Kafka("run org.apache.kafka.tools.DumpLogSegments --offsets-decoder --files " + FilesOf(log, ".log", files));
  CheckNoComplaint(decoded);
  return decoded;
}

TEST_CASE("Kafka's dump tool decodes the topics' own log and the committed offsets", "[interop][kafka]") {
  TempDir directory;
  const std::string data = directory / "data";
  {
    auto broker = Broker::Open({.data_dir = data}).value();
    WriteTopic(*broker, "orders", Compression::kNone, "flushed");
    auto consumer = Consumer::Subscribe(*broker, {.group = "readers", .topics = {"orders"}}).value();
    REQUIRE(consumer.Poll(std::chrono::seconds(1)).ok());
    REQUIRE(consumer.Commit().ok());
    REQUIRE(consumer.Close().ok());
    REQUIRE(broker->Close().ok());
  }
  int files = 0;
  const ToolResult metadata = Kafka("run org.apache.kafka.tools.DumpLogSegments --cluster-metadata-decoder --files " +
                                    FilesOf(data + "/__cluster_metadata-0", ".log", files));
  CheckNoComplaint(metadata);
  CHECK(CountOf(metadata.output, "TOPIC_RECORD") > 0);
  CHECK(CountOf(metadata.output, "\"name\":\"orders\"") > 0);
  CHECK(CountOf(metadata.output, "PRODUCER_IDS_RECORD") == 1);
  CHECK(CountOf(metadata.output, "\"nextProducerId\":1000") == 1);
  const ToolResult offsets = DecodeOffsets(data);
  INFO(offsets.output);
  CHECK(CountOf(offsets.output, "\"group\":\"readers\"") > 0);
  CHECK(CountOf(offsets.output, "\"topic\":\"orders\"") > 0);
}

TEST_CASE("Kafka's dump tool decodes what a group has agreed on, with subscriptions and assignments",
          "[interop][kafka]") {
  TempDir directory;
  const std::string data = directory / "data";
  {
    auto broker = Broker::Open({.data_dir = data}).value();
    REQUIRE(broker->CreateTopic("orders", {.partitions = 4}).ok());
    const ConsumerOptions options{.group = "readers", .topics = {"orders"}, .assignors = {"sticky", "range"}};
    auto first = Consumer::Subscribe(*broker, options).value();
    ConsumerOptions named = options;
    named.group_instance_id = "till-1";
    auto second = Consumer::Subscribe(*broker, named).value();
    for (int i = 0; i < 4; ++i) {
      REQUIRE(first.Poll(std::chrono::seconds(0)).ok());
      REQUIRE(second.Poll(std::chrono::seconds(0)).ok());
    }
    REQUIRE(first.Assignment().size() == 2);
    REQUIRE(first.Close().ok());
    REQUIRE(second.Close().ok());
    REQUIRE(broker->Close().ok());
  }
  const ToolResult offsets = DecodeOffsets(data);
  INFO(offsets.output);
  for (const char* part : {"\"protocolType\":\"consumer\"", "\"protocol\":\"sticky\"", "\"groupInstanceId\":\"till-1\"",
                           "\"clientHost\":\"in-process\"", "\"topics\":[\"orders\"]", "\"assignedPartitions\":[{"}) {
    INFO(part);
    CHECK(CountOf(offsets.output, part) > 0);
  }
}

}  // namespace
}  // namespace moldau::test
