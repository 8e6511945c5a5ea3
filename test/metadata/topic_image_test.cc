#include "metadata/topic_image.h"

#include "moldau/base/random.h"
#include "support/catch.h"

namespace moldau::metadata {
namespace {

const Uuid kId{{1}};
const Uuid kOther{{2}};

PartitionRecord PartitionOf(const Uuid& id, int32_t number) {
  return {.partition = number, .topic_id = id, .replicas = {0}, .in_sync_replicas = {0}, .leader = 0};
}

TEST_CASE("records add up to topics with partitions and configuration", "[metadata][image]") {
  TopicImage image;
  REQUIRE_OK(image.Apply(TopicRecord{.name = "orders", .id = kId}));
  REQUIRE_OK(image.Apply(PartitionOf(kId, 0)));
  REQUIRE_OK(image.Apply(PartitionOf(kId, 1)));
  REQUIRE_OK(image.Apply(ConfigRecord{.topic = "orders", .name = "a", .value = "1"}));
  REQUIRE_OK(image.Apply(ConfigRecord{.topic = "orders", .name = "b", .value = "2"}));
  REQUIRE_OK(image.Apply(ConfigRecord{.topic = "orders", .name = "a", .value = std::nullopt}));
  const TopicEntry* topic = image.Find("orders");
  REQUIRE(topic != nullptr);
  CHECK(topic == image.FindById(kId));
  CHECK(topic->partitions.size() == 2);
  CHECK(topic->config == TopicConfig{{"b", "2"}});
  CHECK(image.Find("other") == nullptr);
  CHECK(image.FindById(kOther) == nullptr);
}

TEST_CASE("a later record of a partition replaces the earlier one", "[metadata][image]") {
  TopicImage image;
  REQUIRE_OK(image.Apply(TopicRecord{.name = "orders", .id = kId}));
  REQUIRE_OK(image.Apply(PartitionOf(kId, 0)));
  PartitionRecord moved = PartitionOf(kId, 0);
  moved.leader = 4;
  moved.leader_epoch = 2;
  REQUIRE_OK(image.Apply(moved));
  REQUIRE(image.Find("orders")->partitions.size() == 1);
  CHECK(image.Find("orders")->partitions[0].leader == 4);
  CHECK(image.Find("orders")->partitions[0].leader_epoch == 2);
}

TEST_CASE("a removed topic is gone, its id is remembered, its name is free", "[metadata][image]") {
  TopicImage image;
  REQUIRE_OK(image.Apply(TopicRecord{.name = "orders", .id = kId}));
  CHECK_FALSE(image.WasRemoved(kId));
  REQUIRE_OK(image.Apply(RemoveTopicRecord{.topic_id = kId}));
  CHECK(image.topics().empty());
  CHECK(image.WasRemoved(kId));
  REQUIRE_OK(image.Apply(TopicRecord{.name = "orders", .id = kOther}));
  CHECK(image.Find("orders")->id == kOther);
}

TEST_CASE("blocks of producer ids follow each other, and one that is recorded twice counts once", "[metadata][image]") {
  TopicImage image;
  CHECK(image.next_producer_id() == 0);
  REQUIRE_OK(image.Apply(ProducerIdsRecord{.next_producer_id = 1000}));
  REQUIRE_OK(image.Apply(ProducerIdsRecord{.next_producer_id = 1000}));
  REQUIRE_OK(image.Apply(ProducerIdsRecord{.next_producer_id = 2000}));
  CHECK(image.next_producer_id() == 2000);
  CHECK(absl::IsDataLoss(image.Apply(ProducerIdsRecord{.next_producer_id = 1999})));
  CHECK(image.next_producer_id() == 2000);
}

TEST_CASE("a record that contradicts the image is refused and changes nothing", "[metadata][image]") {
  TopicImage image;
  REQUIRE_OK(image.Apply(TopicRecord{.name = "orders", .id = kId}));
  REQUIRE_OK(image.Apply(PartitionOf(kId, 0)));
  const TopicImage before = image;
  const std::vector<MetadataRecord> wrong = {TopicRecord{.name = "orders", .id = kOther},
                                             TopicRecord{.name = "audit", .id = kId},
                                             TopicRecord{.name = "audit", .id = Uuid{}},
                                             PartitionOf(kOther, 0),
                                             PartitionOf(kId, 2),
                                             PartitionOf(kId, -1),
                                             ConfigRecord{.topic = "audit", .name = "a", .value = "1"},
                                             RemoveTopicRecord{.topic_id = kOther}};
  for (const MetadataRecord& record : wrong) {
    CHECK(absl::IsDataLoss(image.Apply(record)));
    CHECK((image == before));
  }
}

TEST_CASE("the same records give the same image", "[metadata][image]") {
  Random random(11);
  TopicImage a;
  TopicImage b;
  std::vector<Uuid> ids;
  for (int i = 0; i < 2000; ++i) {
    MetadataRecord record;
    const uint64_t kind = random.Below(10);
    const Uuid known = ids.empty() ? kId : ids[random.Below(ids.size())];
    if (kind < 2) {
      record = TopicRecord{.name = "topic" + std::to_string(random.Below(30)), .id = random.NextUuid()};
      ids.push_back(std::get<TopicRecord>(record).id);
    } else if (kind < 7) {
      record = PartitionOf(known, static_cast<int32_t>(random.Below(4)));
    } else if (kind < 9) {
      record = ConfigRecord{.topic = "topic" + std::to_string(random.Below(30)), .name = "n", .value = "v"};
    } else {
      record = RemoveTopicRecord{.topic_id = known};
    }
    CHECK(a.Apply(record).code() == b.Apply(*DecodeMetadataRecord(EncodeMetadataRecord(record))).code());
  }
  CHECK((a == b));
  CHECK(a.topics().size() > 3);
}

}  // namespace
}  // namespace moldau::metadata
