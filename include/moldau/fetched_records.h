// What a read returns: whole record batches as they lie in the mapped log, pinned until this object is dropped,
// iterated as record views without a copy. Compressed batches were decoded once into memory that this object owns.
//
//   for (const RecordView& record : records) Use(record.key(), record.value());
//
// Threads: plain data; iterating one object from several threads at once is safe, moving it meanwhile is not.
// Ownership: views and iterators are valid until the FetchedRecords is destroyed; moving it keeps them valid.
// Retention, roll-over, deletion of the topic and closing the broker do not take the bytes away.
// Failure: none; batches were verified before they were handed out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "moldau/record/batch_view.h"
#include "moldau/record/record_range.h"
#include "moldau/record/record_view.h"

namespace moldau {

class [[nodiscard]] FetchedRecords {
 public:
  // The uncompressed records of one compressed batch, and what keeps them alive.
  struct DecodedPayload {
    std::shared_ptr<const void> owner;
    const std::byte* records = nullptr;
  };

  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = record::RecordView;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = record::RecordView;

    Iterator() noexcept = default;

    reference operator*() const noexcept { return record::RecordView(parts_); }
    Iterator& operator++() noexcept {
      Advance();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      Advance();
      return before;
    }
    // `next_` is the byte after the record, so it differs for each; it is null at the end.
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.next_ == b.next_; }

   private:
    friend class FetchedRecords;
    Iterator(std::span<const std::byte> batches, const DecodedPayload* decoded, int64_t from) noexcept
        : batch_(batches.data()), end_(batches.data() + batches.size()), decoded_(decoded) {
      do Advance();
      while (next_ != nullptr && parts_.offset < from);
    }

    [[gnu::always_inline]] void Advance() noexcept {
      if (left_ == 0 && !EnterBatch()) return;
      --left_;
      next_ = record::DecodeRecord(next_, base_, parts_);
    }
    // Moves to the first record of the next batch that holds any; false at the end.
    bool EnterBatch() noexcept;

    const std::byte* next_ = nullptr;
    int32_t left_ = 0;
    record::RecordBase base_;
    record::RecordView::Parts parts_;
    const std::byte* batch_ = nullptr;
    const std::byte* end_ = nullptr;
    const DecodedPayload* decoded_ = nullptr;
  };

  // Nothing, to be read on at `next_offset`.
  explicit FetchedRecords(int64_t next_offset = 0) noexcept : from_(next_offset), next_offset_(next_offset) {}

  // Verified whole batches kept alive by `pin`, of which the records from offset `from` on are shown. `decoded` has one
  // element for each compressed data batch, in order.
  FetchedRecords(std::shared_ptr<const void> pin, std::span<const std::byte> batches, int64_t from, int64_t next_offset,
                 std::vector<DecodedPayload> decoded = {}) noexcept
      : pin_(std::move(pin)), batches_(batches), from_(from), next_offset_(next_offset), decoded_(std::move(decoded)) {}

  FetchedRecords(FetchedRecords&&) noexcept = default;
  FetchedRecords& operator=(FetchedRecords&&) noexcept = default;
  FetchedRecords(const FetchedRecords&) = delete;
  FetchedRecords& operator=(const FetchedRecords&) = delete;

  [[nodiscard]] Iterator begin() const noexcept { return Iterator(batches_, decoded_.data(), from_); }
  [[nodiscard]] Iterator end() const noexcept { return {}; }

  // True if there is no record to iterate. There may be batches nevertheless (control batches are not shown to users).
  [[nodiscard]] bool empty() const noexcept { return batches_.empty() || begin() == end(); }

  // Where to read on. It moves even over batches that show no record.
  [[nodiscard]] int64_t next_offset() const noexcept { return next_offset_; }

  // The batches themselves, as they lie in the log; the first may begin below the offset that was asked for.
  [[nodiscard]] std::span<const std::byte> batches() const noexcept { return batches_; }

 private:
  std::shared_ptr<const void> pin_;
  std::span<const std::byte> batches_;
  int64_t from_ = 0;
  int64_t next_offset_ = 0;
  std::vector<DecodedPayload> decoded_;
};

inline bool FetchedRecords::Iterator::EnterBatch() noexcept {
  while (batch_ != end_) {
    const record::BatchView batch(batch_);
    batch_ += batch.size_in_bytes();
    if (batch.is_control()) continue;
    next_ = batch.is_compressed() ? (decoded_++)->records : batch.payload().data();
    left_ = batch.record_count();
    base_ = batch.record_base();
    if (left_ > 0) return true;
  }
  next_ = nullptr;
  return false;
}

}  // namespace moldau
