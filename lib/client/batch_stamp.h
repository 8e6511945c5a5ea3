// What a batch says of its sender: the producer's id and epoch, and how many records that producer sent to the
// partition before. The log stores a stamped batch once, however often it comes.
//
//   closed: stamped behind the batches closed before   appended: the next stamp   refused: the next batch gets its
//   stamp
//                                                      unknown: it is sent again as it is, stamp and all
//
// Threads: plain values.   Ownership: none.   Failure: none.   Source: KIP-98.
#pragma once

#include <cstdint>

#include "coordinator/producer_ids.h"
#include "record/sequence.h"

namespace moldau::client {

struct BatchStamp {
  int64_t producer_id = -1;  // -1: not idempotent; then there is nothing to count
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;

  // Of the first batch of a producer.
  [[nodiscard]] static BatchStamp First(coordinator::ProducerIdentity producer) noexcept {
    return producer.id < 0 ? BatchStamp() : BatchStamp{producer.id, producer.epoch, 0};
  }
  // Of the batch behind one of `records` records that has this stamp.
  [[nodiscard]] BatchStamp After(int32_t records) const noexcept {
    if (producer_id < 0) return *this;
    return {producer_id, producer_epoch, record::SequenceAfter(base_sequence, records)};
  }

  friend bool operator==(const BatchStamp&, const BatchStamp&) = default;
};

}  // namespace moldau::client
