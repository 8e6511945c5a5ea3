// A slot in the log itself: the caller writes the value where it will stay. The append lock is held meanwhile.
#include <algorithm>
#include <cstring>

#include "base/status_builder.h"
#include "log/log_core.h"
#include "moldau/record/layout.h"
#include "moldau/record/varint.h"

namespace moldau::log {

namespace {

// The record in front of and behind the value: a batch of one record, all of whose lengths are known before its value
// is.
struct ClaimLayout {
  int32_t record_length = 0;
  size_t value_at = 0;  // from the batch's first byte
  size_t size = 0;      // of the whole batch
};

ClaimLayout LayOut(const std::optional<std::string_view>& key, size_t value_bytes) {
  const int32_t key_length = key ? static_cast<int32_t>(key->size()) : -1;
  const size_t key_bytes = key ? key->size() : 0;
  // attributes, timestamp delta 0 and offset delta 0 take a byte each, so does the header count behind the value
  const size_t before_value =
      3 + record::VarintSize(key_length) + key_bytes + record::VarintSize(static_cast<int64_t>(value_bytes));
  ClaimLayout layout;
  layout.record_length = static_cast<int32_t>(before_value + value_bytes + 1);
  layout.value_at = record::layout::kHeaderSize + record::VarintSize(layout.record_length) + before_value;
  layout.size = layout.value_at + value_bytes + 1;
  return layout;
}

}  // namespace

absl::StatusOr<std::span<std::byte>> Log::Core::BeginClaim(std::optional<std::string_view> key, size_t value_bytes) {
  if (environment.guards_pages && !flushes()) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "%s: a claim writes to a mapping, which sigbus_guard does without", directory);
  }
  const size_t key_bytes = key ? key->size() : 0;
  // What is far too large cannot be laid out: lengths are of 32 bits.
  const size_t larger = std::max(key_bytes, value_bytes);
  const ClaimLayout layout = larger > kMaxRelative / 4 ? ClaimLayout{.size = larger} : LayOut(key, value_bytes);
  for (;;) {
    MOLDAU_RETURN_IF_ERROR(LockForAppend());
    const Timestamp now = wall_clock.WallNow();
    if (layout.size > config.max_message_bytes) {
      const uint32_t limit = config.max_message_bytes;
      append_lock.Unlock();
      return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kMessageTooLarge,
                         "claim: %u bytes exceed max.message.bytes of %u bytes", layout.size, limit);
    }
    if (config.compact && !key) {
      append_lock.Unlock();
      return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRecord,
                         "claim: no key, but the topic is compacted");
    }
    if (layout.size <= DirectRoom() && !indexed_full &&
        (now.time_since_epoch().count() < roll_at_ms || position == 0)) {
      std::byte* at = direct_at + record::layout::kHeaderSize;
      at = record::PutVarint(at, layout.record_length);
      *at++ = std::byte{0};
      *at++ = std::byte{0};
      *at++ = std::byte{0};
      at = record::PutVarint(at, key ? static_cast<int32_t>(key->size()) : -1);
      if (key_bytes > 0) std::memcpy(at, key->data(), key_bytes);
      record::PutVarint(at + key_bytes, static_cast<int32_t>(value_bytes));
      claim_owner.store(std::this_thread::get_id(), std::memory_order_relaxed);
      return std::span<std::byte>(direct_at + layout.value_at, value_bytes);
    }
    const bool cold = is_ready && publishes && !is_mapped;
    append_lock.Unlock();
    // A claim needs memory to write to: a cold partition is mapped for it.
    if (cold) {
      WarmUp();
      append_lock.Lock();
      const bool still_cold = is_ready && publishes && !is_mapped;
      append_lock.Unlock();
      if (still_cold) {
        return base::Error(absl::StatusCode::kResourceExhausted, ErrorCode::kStorageError,
                           "%s: no space to map the active segment", directory);
      }
    }
    MOLDAU_RETURN_IF_ERROR(MakeRoom(layout.size, now));
  }
}

absl::StatusOr<AppendResult> Log::Core::CommitClaim(std::span<std::byte> value) {
  std::byte* const tail_byte = value.data() + value.size();
  *tail_byte = std::byte{0};  // no headers
  const auto size = static_cast<size_t>(tail_byte + 1 - direct_at);
  const Timestamp now = wall_clock.WallNow();
  const int64_t now_ms = now.time_since_epoch().count();
  record::SealBatch(
      {.fields = NextFields(now), .base_timestamp_ms = now_ms, .max_timestamp_ms = now_ms, .record_count = 1}, size,
      direct_at);
  direct_at += size;
  const AppendResult result = Complete(static_cast<uint32_t>(size), 1, now_ms);
  claim_owner.store(std::thread::id(), std::memory_order_relaxed);
  UnlockAndNotify();
  return result;
}

void Log::Core::AbortClaim(std::span<std::byte> value) {
  // Recovery must find nothing behind the end that looks like a batch.
  std::memset(direct_at, 0, static_cast<size_t>(value.data() + value.size() - direct_at));
  claim_owner.store(std::thread::id(), std::memory_order_relaxed);
  append_lock.Unlock();
}

}  // namespace moldau::log
