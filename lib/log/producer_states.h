// What a partition remembers of its idempotent producers, so that a batch that comes twice is stored once and a batch
// that comes too early is refused: per producer id the epoch and the last five batches.
//
//   batch (id, epoch, sequences) --Check--> new | the old offset | OUT_OF_ORDER_SEQUENCE_NUMBER |
//   INVALID_PRODUCER_EPOCH
//                                     \--appended--> Add
//
// The state at an offset depends only on the batches before it: it lies in `<offset>.snapshot`, with the last batch of
// each producer, and is the same whether it grew or was rebuilt from a snapshot and the batches behind it.
//
// Threads: not safe; the log guards it.   Ownership: values.   Failure: see Check.
// Source: Kafka's ProducerStateManager, ProducerStateEntry and ProducerAppendInfo (KIP-98, KIP-360).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "log/producer_snapshot.h"
#include "moldau/record/batch_view.h"

namespace moldau::log {

class ProducerStates {
 public:
  // A batch that was appended before.
  struct Earlier {
    int64_t base_offset = -1;
    int64_t last_offset = -1;
    int64_t timestamp = -1;  // the latest of its records, milliseconds
  };

  // Of a batch that a client sends, with a producer id: nullopt if it is the next one, or where it lies if it is one of
  // the producer's last five. OutOfRange (kOutOfOrderSequenceNumber) if batches before it are missing or it is older
  // than that, FailedPrecondition (kInvalidProducerEpoch) if another instance of the producer has taken over. A
  // producer that nothing is known of may begin anywhere: what it sent before may have expired.
  [[nodiscard]] absl::StatusOr<std::optional<Earlier>> Check(const record::BatchView& batch) const;

  // Notes a batch that lies in the log, where its base offset says. `now_ms`: when it was appended.
  void Add(const record::BatchView& batch, int64_t now_ms = -1);

  // Forgets producers that neither wrote nor stamped a record after `time_ms`, but for those within a transaction, and
  // returns how many. Looks at some thousand, so that nobody waits long for the lock around it, from where `next` says
  // on: 0 to begin with, and once all have been looked at. Who comes between two calls may be passed over.
  size_t RemoveIdleSince(int64_t time_ms, size_t& next);

  [[nodiscard]] bool empty() const noexcept { return producers_.empty(); }
  [[nodiscard]] size_t size() const noexcept { return producers_.size(); }

  // What a snapshot holds, in no order, and back.
  [[nodiscard]] std::vector<ProducerEntry> Entries() const;
  [[nodiscard]] static ProducerStates FromEntries(std::span<const ProducerEntry> entries);

 private:
  static constexpr size_t kBatchesKept = 5;  // Kafka's: a client has at most as many requests under way

  struct Batch {
    int32_t last_sequence = -1;
    int32_t offset_delta = 0;
    int64_t last_offset = -1;
    int64_t timestamp = -1;

    [[nodiscard]] int32_t first_sequence() const noexcept;
  };

  struct Producer {
    int16_t epoch = -1;
    uint8_t next = 0;   // where in `batches` the next one goes
    uint8_t count = 0;  // of them
    int32_t coordinator_epoch = -1;
    int64_t transaction_start = -1;
    int64_t timestamp = -1;  // of the last batch or marker
    int64_t used_ms = -1;
    std::array<Batch, kBatchesKept> batches;

    [[nodiscard]] const Batch* last() const noexcept;
    [[nodiscard]] const Batch* Find(int32_t first_sequence, int32_t last_sequence) const noexcept;
    void BeginEpoch(int16_t new_epoch) noexcept;
    void Push(const Batch& batch) noexcept;
  };

  static void EndTransaction(Producer& producer, const record::BatchView& marker) noexcept;

  std::unordered_map<int64_t, Producer> producers_;
};

}  // namespace moldau::log
