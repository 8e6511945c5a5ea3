// The small value types that every part of Moldau shares: identifiers, times and the choices of a topic.
//
// Threads: plain values.   Ownership: none.   Failure: none.
// Source: Kafka's topic configuration and record batch format; KIP-516 for topic ids.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace moldau {

// Milliseconds since the Unix epoch, as Kafka stores them in records.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// "The writer said nothing": the append fills in its own time.
inline constexpr Timestamp kNoTimestamp{std::chrono::milliseconds{-1}};

// Let the partitioner choose (Record::partition).
inline constexpr int32_t kAnyPartition = -1;

// What an acknowledgement of a topic's records means (`moldau.durability`).
// The README's durability table says what each mode survives.
enum class Durability : uint8_t {
  kBuffered,           // in the leader's mapped pages: survives the process, not a power cut
  kFlushed,            // on the leader's disk, data and metadata: survives a power cut
  kReplicated,         // in the mapped pages of every in-sync replica
  kReplicatedFlushed,  // on the disk of every in-sync replica
};

// Codec of a record batch; the values are the low three attribute bits of Kafka's format.
enum class Compression : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

// Whose clock stamps the records of a topic (`message.timestamp.type`).
enum class TimestampType : uint8_t { kCreateTime = 0, kLogAppendTime = 1 };

// How a blocked reader waits for the next record.
enum class WaitStrategy : uint8_t {
  kPark,     // sleeps at once: no CPU while idle, microseconds to wake
  kBackoff,  // spins for a few microseconds, yields, then parks
  kSpin,     // never sleeps before the deadline: owns a core, wakes in nanoseconds
};

// A 128-bit identifier of a topic, a cluster or a directory, written as 22 characters of URL-safe base64
// (Kafka's form). All zero means "none".
struct Uuid {
  std::array<uint8_t, 16> bytes{};

  [[nodiscard]] bool is_zero() const noexcept { return *this == Uuid{}; }
  [[nodiscard]] std::string ToString() const;
  // False, leaving `out` alone, unless `text` is 22 characters of URL-safe base64.
  static bool Parse(const std::string& text, Uuid& out);

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// A partition of a topic, by name.
struct TopicPartition {
  std::string topic;
  int32_t partition = 0;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

static_assert(std::numeric_limits<unsigned char>::digits == 8 && sizeof(void*) == 8, "moldau needs a 64-bit machine");
#if defined(__BYTE_ORDER__)
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "moldau needs a little-endian machine");
#endif

}  // namespace moldau
