// The clients of a broker in this process, wherever that keeps its files and whoever moves its clock.
#pragma once

#include "contract/environment.h"

namespace moldau::contract {

class BrokerEnvironment : public Environment {
 public:
  absl::StatusOr<Producer> OpenProducer(ProducerOptions options) override {
    return Producer::Open(broker(), std::move(options));
  }
  absl::StatusOr<Consumer> Subscribe(ConsumerOptions options) override {
    return Consumer::Subscribe(broker(), std::move(options));
  }
  absl::StatusOr<Consumer> Assign(std::span<const TopicPartition> partitions, ConsumerOptions options) override {
    return Consumer::Assign(broker(), partitions, std::move(options));
  }
  absl::StatusOr<Queue> OpenQueue(std::string_view name, QueueOptions options) override {
    return Queue::Open(broker(), name, std::move(options));
  }
  absl::StatusOr<Partition> OpenPartition(const TopicPartition& partition) override {
    const absl::StatusOr<Topic> topic = broker().FindTopic(partition.topic);
    if (!topic.ok()) return topic.status();
    return topic->partition(partition.partition);
  }

  absl::Status CreateTopic(std::string_view name, const TopicOptions& options) override {
    return broker().CreateTopic(name, options).status();
  }
  absl::StatusOr<TopicDescription> DescribeTopic(std::string_view name) override {
    return broker().DescribeTopic(name);
  }
  absl::StatusOr<std::vector<std::string>> ListTopics() override { return broker().ListTopics(); }
  absl::Status DeleteTopic(std::string_view name) override { return broker().DeleteTopic(name); }
  absl::Status AlterTopicConfig(std::string_view name,
                                const std::map<std::string, std::optional<std::string>>& changes) override {
    return broker().AlterTopicConfig(name, changes);
  }
  absl::Status AddPartitions(std::string_view name, int32_t total) override {
    return broker().AddPartitions(name, total);
  }

 protected:
  virtual Broker& broker() = 0;
};

}  // namespace moldau::contract
