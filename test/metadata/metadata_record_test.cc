#include "metadata/metadata_record.h"

#include "support/catch.h"

namespace moldau::metadata {
namespace {

const Uuid kTopicId{{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0}};
const Uuid kDirectoryId{{0xd1}};

std::vector<MetadataRecord> OneOfEach() {
  return {TopicRecord{.name = "orders", .id = kTopicId},
          PartitionRecord{.partition = 3,
                          .topic_id = kTopicId,
                          .replicas = {1, 2},
                          .in_sync_replicas = {1},
                          .leader = 1,
                          .leader_epoch = 5,
                          .partition_epoch = 7,
                          .directories = {kDirectoryId, kTopicId}},
          ConfigRecord{.topic = "orders", .name = "retention.ms", .value = "1000"},
          ConfigRecord{.topic = "orders", .name = "retention.ms", .value = std::nullopt},
          ConfigRecord{.topic = "orders", .name = "retention.ms", .value = ""},
          RemoveTopicRecord{.topic_id = kTopicId},
          ProducerIdsRecord{.node = 3, .node_epoch = 12, .next_producer_id = 5000}};
}

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

TEST_CASE("metadata records are decoded to what was encoded", "[metadata][record]") {
  for (const MetadataRecord& record : OneOfEach()) {
    const auto decoded = DecodeMetadataRecord(EncodeMetadataRecord(record));
    REQUIRE_OK(decoded);
    CHECK((*decoded == record));
  }
}

// By hand, from the field lists of Kafka's message definitions.
TEST_CASE("metadata records have Kafka's bytes", "[metadata][record]") {
  const std::string id(reinterpret_cast<const char*>(kTopicId.bytes.data()), 16);
  CHECK(EncodeMetadataRecord(TopicRecord{.name = "ab", .id = kTopicId}) ==
        Bytes({1, 2, 0, 3, 'a', 'b'}) + id + Bytes({0}));
  CHECK(EncodeMetadataRecord(PartitionRecord{.partition = 3,
                                             .topic_id = kTopicId,
                                             .replicas = {1},
                                             .in_sync_replicas = {1},
                                             .leader = 1,
                                             .leader_epoch = 5,
                                             .partition_epoch = 7,
                                             .directories = {kTopicId}}) ==
        Bytes({1, 3, 2, 0, 0, 0, 3}) + id + Bytes({2, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 1}) +
            Bytes({0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 7, 2}) + id + Bytes({0}));
  CHECK(EncodeMetadataRecord(ConfigRecord{.topic = "t", .name = "n", .value = "v"}) ==
        Bytes({1, 4, 0, 2, 2, 't', 2, 'n', 2, 'v', 0}));
  CHECK(EncodeMetadataRecord(ConfigRecord{.topic = "t", .name = "n", .value = std::nullopt}) ==
        Bytes({1, 4, 0, 2, 2, 't', 2, 'n', 0, 0}));
  CHECK(EncodeMetadataRecord(RemoveTopicRecord{.topic_id = kTopicId}) == Bytes({1, 9, 0}) + id + Bytes({0}));
  CHECK(EncodeMetadataRecord(ProducerIdsRecord{.node = 3, .next_producer_id = 1000}) ==
        Bytes({1, 15, 0, 0, 0, 0, 3}) + std::string(8, '\xff') + Bytes({0, 0, 0, 0, 0, 0, 3, 0xe8, 0}));
}

TEST_CASE("no prefix of a metadata record, and none with more behind it, is a record", "[metadata][record]") {
  for (const MetadataRecord& record : OneOfEach()) {
    const std::string bytes = EncodeMetadataRecord(record);
    for (size_t size = 0; size < bytes.size(); ++size) {
      CHECK(absl::IsDataLoss(DecodeMetadataRecord(std::string_view(bytes).substr(0, size)).status()));
    }
    CHECK(absl::IsDataLoss(DecodeMetadataRecord(bytes + '\0').status()));
  }
}

TEST_CASE("records of the future are refused as such", "[metadata][record]") {
  for (const std::string& bytes : {Bytes({2, 2, 0}), Bytes({1, 27, 0}), Bytes({1, 2, 1}), Bytes({1, 3, 3})}) {
    const absl::Status status = DecodeMetadataRecord(bytes).status();
    CHECK(absl::IsFailedPrecondition(status));
    CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains("newer version"));
  }
}

TEST_CASE("tagged fields that are not known are skipped", "[metadata][record]") {
  std::string bytes = EncodeMetadataRecord(RemoveTopicRecord{.topic_id = kTopicId});
  bytes.back() = 1;
  bytes += Bytes({9, 2, 'x', 'y'});
  const auto decoded = DecodeMetadataRecord(bytes);
  REQUIRE_OK(decoded);
  CHECK((*decoded == MetadataRecord(RemoveTopicRecord{.topic_id = kTopicId})));
}

}  // namespace
}  // namespace moldau::metadata
