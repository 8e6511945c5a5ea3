// What the metadata log says, taken together: which topics there are, by name and by id, with partitions and
// configuration. Applying the same records in the same order gives the same image, here and on every node.
//
// Threads: not safe; the owner guards it.   Ownership: values; pointers that it returns are valid until the next Apply.
// Failure: Apply refuses a record that contradicts the image and leaves the image as it was.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "metadata/metadata_record.h"
#include "moldau/topic_config.h"
#include "moldau/types.h"

namespace moldau::metadata {

struct PartitionImage {
  std::vector<int32_t> replicas;
  std::vector<int32_t> in_sync_replicas;
  int32_t leader = -1;
  int32_t leader_epoch = 0;
  int32_t partition_epoch = 0;

  friend bool operator==(const PartitionImage&, const PartitionImage&) = default;
};

struct TopicEntry {
  std::string name;
  Uuid id;
  std::vector<PartitionImage> partitions;  // by number, without gaps
  TopicConfig config;

  friend bool operator==(const TopicEntry&, const TopicEntry&) = default;
};

class TopicImage {
 public:
  // DataLoss naming the contradiction: a name or id that is taken or unknown, a partition number that leaves a gap,
  // producer ids that would be given away twice.
  absl::Status Apply(const MetadataRecord& record);

  // Null if there is none.
  [[nodiscard]] const TopicEntry* Find(std::string_view name) const;
  [[nodiscard]] const TopicEntry* FindById(const Uuid& id) const;

  // True if there was a topic of this id once.
  [[nodiscard]] bool WasRemoved(const Uuid& id) const { return removed_.contains(id); }

  // By name.
  [[nodiscard]] const std::map<std::string, TopicEntry, std::less<>>& topics() const noexcept { return topics_; }

  // The first producer id that no block contains.
  [[nodiscard]] int64_t next_producer_id() const noexcept { return next_producer_id_; }

  friend bool operator==(const TopicImage&, const TopicImage&) = default;

 private:
  absl::Status ApplyOne(const TopicRecord& record);
  absl::Status ApplyOne(const PartitionRecord& record);
  absl::Status ApplyOne(const ConfigRecord& record);
  absl::Status ApplyOne(const RemoveTopicRecord& record);
  absl::Status ApplyOne(const ProducerIdsRecord& record);

  std::map<std::string, TopicEntry, std::less<>> topics_;
  std::map<Uuid, std::string> names_;  // of topics_, by id
  std::set<Uuid> removed_;
  int64_t next_producer_id_ = 0;
};

}  // namespace moldau::metadata
