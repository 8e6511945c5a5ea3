// Values that several messages share, by Kafka's numbers.
//
// Threads: constants.   Ownership: none.   Failure: none. A number that has no name here is kept as it came.
// Source: Kafka protocol guide; Kafka's ConfigResource, ConfigEntry, AlterConfigOp and IsolationLevel.
#pragma once

#include <cstdint>
#include <limits>

namespace moldau::protocol {

// What FindCoordinator looks for a coordinator of.
enum class CoordinatorType : int8_t { kGroup = 0, kTransaction = 1, kShare = 2 };

// Which records a reader wants.
enum class IsolationLevel : int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

// What a configuration is of.
enum class ConfigResourceType : int8_t {
  kUnknown = 0,
  kTopic = 2,
  kBroker = 4,
  kBrokerLogger = 8,
  kClientMetrics = 16,
  kGroup = 32,
};

// Where the value of a configuration comes from.
enum class ConfigSource : int8_t {
  kUnset = -1,
  kUnknown = 0,
  kTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kBrokerLogger = 6,
  kClientMetrics = 7,
  kGroup = 8,
};

enum class ConfigType : int8_t {
  kUnknown = 0,
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
  kClass = 8,
  kPassword = 9,
};

// How IncrementalAlterConfigs changes a value; the last two are for lists.
enum class ConfigOperation : int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

// Bits of the operations that a client may do; this number where they were not asked for.
inline constexpr int32_t kOperationsNotAskedFor = std::numeric_limits<int32_t>::min();

// Times that ListOffsets takes for the ends of a log instead of looking for a record.
inline constexpr int64_t kLatestTimestamp = -1;    // behind the last record
inline constexpr int64_t kEarliestTimestamp = -2;  // the first record
inline constexpr int64_t kMaxTimestamp = -3;       // the record with the largest timestamp, since version 7

}  // namespace moldau::protocol
