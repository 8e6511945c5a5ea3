// Short ways to send, to read and to compare what came, for the tests of the contract suite.
#pragma once

#include <algorithm>
#include <set>
#include <utility>

#include "contract/environment.h"

namespace moldau::contract {

using Strings = std::vector<std::string>;
using Text = std::optional<std::string>;

// A record as it came, held apart from the log that it lies in.
struct Received {
  TopicPartition partition;
  int64_t offset;
  Text key;
  Text value;
  std::vector<std::pair<std::string, Text>> headers;
  Timestamp timestamp;
};

inline Text TextOf(bool is_there, std::string_view text) { return is_there ? Text(std::string(text)) : std::nullopt; }

inline Received ReceivedFrom(const ConsumerRecord& record) {
  Received received = {.partition = {record.topic(), record.partition()},
                       .offset = record.offset(),
                       .key = TextOf(record.has_key(), record.key()),
                       .value = TextOf(record.has_value(), record.value()),
                       .headers = {},
                       .timestamp = record.timestamp()};
  for (const HeaderView& header : record.headers()) {
    received.headers.emplace_back(header.key, TextOf(header.has_value, header.value));
  }
  return received;
}

inline void Create(Environment& environment, std::string_view topic, int32_t partitions = 1) {
  REQUIRE_OK(environment.CreateTopic(topic, {.partitions = partitions}));
}

inline Producer MakeProducer(Environment& environment, ProducerOptions options = {}) {
  auto producer = environment.OpenProducer(std::move(options));
  REQUIRE_OK(producer);
  return *std::move(producer);
}
inline Consumer Subscribed(Environment& environment, ConsumerOptions options = {}) {
  if (options.topics.empty() && options.pattern.empty()) options.topics = {"orders"};
  auto consumer = environment.Subscribe(std::move(options));
  REQUIRE_OK(consumer);
  return *std::move(consumer);
}
inline Queue OpenQueue(Environment& environment, QueueOptions options = {}, std::string_view name = "jobs") {
  auto queue = environment.OpenQueue(name, std::move(options));
  REQUIRE_OK(queue);
  return *std::move(queue);
}

// Sends a record and waits until it is acknowledged.
inline Receipt Sent(Producer& producer, std::string_view topic, const Record& record) {
  auto receipt = producer.Send(topic, record);
  REQUIRE_OK(receipt);
  REQUIRE_OK(receipt->Wait());
  return *std::move(receipt);
}
inline void SendOne(Producer& producer, std::string_view topic, const Record& record) {
  CHECK(Sent(producer, topic, record).offset() >= 0);
}
inline void Send(Environment& environment, const Strings& values, int32_t partition = 0,
                 std::string_view topic = "orders") {
  Producer producer = MakeProducer(environment);
  for (const std::string& value : values) {
    REQUIRE_OK(producer.Send(topic, {.value = value, .partition = partition}));
  }
  REQUIRE_OK(producer.Flush());
}

// The next `count` records or more, as many as come until then.
inline std::vector<Received> Read(Consumer& consumer, size_t count) {
  std::vector<Received> all;
  for (int polls = 0; polls < 300 && all.size() < count; ++polls) {
    const auto records = consumer.Poll(100ms);
    REQUIRE_OK(records);
    for (const ConsumerRecord& record : *records) all.push_back(ReceivedFrom(record));
  }
  REQUIRE(all.size() >= count);
  return all;
}

inline Strings ValuesOf(const std::vector<Received>& all) {
  Strings values;
  for (const Received& received : all) values.push_back(received.value.value_or("(null)"));
  return values;
}
inline Strings ReadValues(Consumer& consumer, size_t count) { return ValuesOf(Read(consumer, count)); }
inline Strings Sorted(Strings values) {
  std::sort(values.begin(), values.end());
  return values;
}

inline bool HasNoMore(Consumer& consumer) {
  const auto records = consumer.Poll(0ms);
  REQUIRE_OK(records);
  return records->empty();
}

// Lets each of them poll until `holds`, for as long as that may take.
template <typename Condition>
std::vector<Received> PollUntil(std::initializer_list<Consumer*> consumers, const Condition& holds) {
  std::vector<Received> all;
  for (int polls = 0; polls < 1000 && !holds(); ++polls) {
    for (Consumer* consumer : consumers) {
      const auto records = consumer->Poll(10ms);
      REQUIRE_OK(records);
      for (const ConsumerRecord& record : *records) all.push_back(ReceivedFrom(record));
    }
  }
  REQUIRE(holds());
  return all;
}

inline ErrorCode CodeOf(const absl::Status& status) { return GetErrorCode(status); }
template <typename T>
ErrorCode CodeOf(const absl::StatusOr<T>& result) {
  return GetErrorCode(result.status());
}

inline const TopicPartition kOrders0 = {"orders", 0};

}  // namespace moldau::contract
