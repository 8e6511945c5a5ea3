// Sends records to topics. Records of one partition are collected into a batch, which is appended when it is full, when
// it has lingered, or as soon as somebody waits for one of its receipts; a full batch is appended by the thread that
// filled it.
//
//   moldau::Producer producer(*broker);
//   moldau::Receipt receipt = producer.Send("orders", {.key = "alice", .value = "espresso"}).value();
//   receipt.Wait();  // durable as the topic promises
//
// Records that one thread sends to one partition are appended in that order.
//
// Threads: all members may be called from any thread, Close too.   Ownership: receipts may outlive the producer, the
// producer may outlive the broker; once the broker is closed Send answers Cancelled.
// Failure: InvalidArgument naming every problem of the options, from Open or from every call; otherwise see each
// member.
// Source: Kafka's producer; KIP-98 for idempotence; KIP-480 and KIP-794 for records without a key.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/partitioner.h"
#include "moldau/receipt.h"
#include "moldau/record.h"
#include "moldau/types.h"

namespace moldau {

class Broker;
class Topic;

namespace client {
class ProducerCore;
}

// What Send does when buffer_memory_bytes are in use.
enum class BackPressure : uint8_t {
  kBlock,  // waits up to max_block, then ResourceExhausted
  kFail,   // ResourceExhausted at once
  kGrow,   // goes on up to max_buffer_memory_bytes, then ResourceExhausted
};

struct ProducerOptions {
  // How long a batch waits for company, and how large it may become before it goes at once. A record that is larger
  // makes a batch of its own.
  std::chrono::nanoseconds linger = std::chrono::milliseconds(5);
  size_t batch_size_bytes = size_t{16} << 10;
  Compression compression = Compression::kNone;

  // Batches say who sent them and how many records went before, so that one that is sent again because its outcome was
  // not learned is stored once. Costs nothing that can be measured.
  bool enable_idempotence = true;

  // Room for batches whose outcome is open, out of the broker's memory_limit (for which nobody waits).
  size_t buffer_memory_bytes = size_t{32} << 20;
  BackPressure back_pressure = BackPressure::kBlock;
  std::chrono::nanoseconds max_block = std::chrono::seconds(60);  // kBlock
  size_t max_buffer_memory_bytes = size_t{128} << 20;             // kGrow

  // Unset: by key as Kafka does, and without a key a batch here, a batch there.
  Partitioner partitioner;

  // How long the destructor waits for what has not been appended yet.
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(30);
};

class Producer final {
 public:
  // Refuses bad options at once.
  static absl::StatusOr<Producer> Open(Broker& broker, ProducerOptions options = {});

  // Cannot fail: bad options are what every later call answers.
  explicit Producer(Broker& broker, ProducerOptions options = {});

  // Closes, waiting up to close_timeout.
  ~Producer();
  Producer(Producer&& other) noexcept;
  Producer& operator=(Producer&& other) noexcept;

  // Copies the record into the open batch of its partition. NotFound (kUnknownTopicOrPartition); InvalidArgument
  // (kMessageTooLarge) with both numbers above max.message.bytes; ResourceExhausted as back-pressure says; Cancelled
  // after Close. After an error nothing was taken. What becomes of the record later, its receipt says.
  absl::StatusOr<Receipt> Send(std::string_view topic, const Record& record);
  // The same without looking the topic up; the topic must be of this producer's broker.
  absl::StatusOr<Receipt> Send(const Topic& topic, const Record& record);

  // Send that waits for no room: ResourceExhausted if there is none. The first to a partition may wait for the disk.
  absl::StatusOr<Receipt> TrySend(std::string_view topic, const Record& record);
  absl::StatusOr<Receipt> TrySend(const Topic& topic, const Record& record);

  // Appends every open batch and waits until all that was sent before is as durable as its topic promises. The first
  // failure since the last Flush, if any; DeadlineExceeded, which changes nothing.
  absl::Status Flush(std::chrono::nanoseconds timeout = kForever);

  // Flush, after which Send answers Cancelled. What could not be appended within `timeout` fails with Cancelled.
  // Idempotent.
  absl::Status Close(std::chrono::nanoseconds timeout = std::chrono::seconds(30));

 private:
  void CloseIfOpen() noexcept;
  std::shared_ptr<client::ProducerCore> core_;
};

}  // namespace moldau
