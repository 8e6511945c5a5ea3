// The configuration of a topic by Kafka's names, as admin clients send it and as a description shows it. The README of
// the metadata room lists the names; Topic::Describe lists them with their values.
//
// Threads: plain values.   Ownership: none.   Failure: none; names and values are checked where a topic is made of
// them.
// Source: Kafka's topic configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace moldau {

// Such as {"retention.ms", "3600000"} or {"moldau.durability", "buffered"}.
using TopicConfig = std::map<std::string, std::string, std::less<>>;

// One configuration of a topic as it is in effect.
struct TopicConfigEntry {
  enum class Source : uint8_t {
    kDefault,  // built in
    kBroker,   // BrokerOptions::topic_defaults
    kTopic,    // set for this topic
  };
  std::string name;
  std::string value;
  Source source = Source::kDefault;
  std::string documentation;
};

}  // namespace moldau
