// A record as it lies in memory: offset, time, key, value and headers, all borrowed, nothing copied.
//
// Threads: plain values; the bytes beneath do not change.
// Ownership: borrows; valid as long as the memory of the batch it came from, which whoever handed it out keeps pinned.
// Failure: none; the bytes were validated before a view was made of them.   Source: Kafka record format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "moldau/record/varint.h"
#include "moldau/types.h"

namespace moldau::record {

// A header of a record. The key is never null; the value may be (has_value is false, value is empty).
struct HeaderView {
  std::string_view key;
  std::string_view value;
  bool has_value = false;
};

namespace internal {

inline std::string_view ToStringView(const std::byte* at, int32_t size) noexcept {
  return size > 0 ? std::string_view(reinterpret_cast<const char*>(at), static_cast<size_t>(size)) : std::string_view();
}

}  // namespace internal

// The headers of one record, decoded while they are iterated.
class HeaderRange {
 public:
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = HeaderView;
    using difference_type = std::ptrdiff_t;
    using pointer = const HeaderView*;
    using reference = const HeaderView&;

    Iterator() noexcept = default;
    Iterator(const std::byte* at, int32_t left) noexcept : at_(at), left_(left) { Decode(); }

    reference operator*() const noexcept { return header_; }
    pointer operator->() const noexcept { return &header_; }
    Iterator& operator++() noexcept {
      --left_;
      Decode();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.left_ == b.left_; }

   private:
    void Decode() noexcept {
      if (left_ == 0) return;
      int32_t size;
      at_ = GetVarint(at_, size);
      header_.key = internal::ToStringView(at_, size);
      at_ += size;
      at_ = GetVarint(at_, size);
      header_.value = internal::ToStringView(at_, size);
      header_.has_value = size >= 0;
      if (size > 0) at_ += size;
    }

    const std::byte* at_ = nullptr;
    int32_t left_ = 0;
    HeaderView header_;
  };

  // `at` points to the header count, or is null for "no headers".
  explicit HeaderRange(const std::byte* at) noexcept : at_(at) {
    if (at_ != nullptr) at_ = GetVarint(at_, count_);
  }

  [[nodiscard]] Iterator begin() const noexcept { return {at_, count_}; }
  [[nodiscard]] Iterator end() const noexcept { return {}; }
  [[nodiscard]] size_t size() const noexcept { return static_cast<size_t>(count_); }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

 private:
  const std::byte* at_;
  int32_t count_ = 0;
};

class RecordView {
 public:
  // Where the parts of a record lie. `headers` points to the header count in record format, or is null for none.
  // A size of -1 is null.
  struct Parts {
    int64_t offset = 0;
    int64_t timestamp_ms = -1;
    const std::byte* key = nullptr;
    const std::byte* value = nullptr;
    const std::byte* headers = nullptr;
    int32_t key_size = -1;
    int32_t value_size = -1;
  };

  RecordView() noexcept = default;
  explicit RecordView(const Parts& parts) noexcept : parts_(parts) {}

  [[nodiscard]] int64_t offset() const noexcept { return parts_.offset; }
  // When the record was made, or when the broker appended it if the topic uses LogAppendTime; kNoTimestamp if unknown.
  [[nodiscard]] Timestamp timestamp() const noexcept {
    return Timestamp(std::chrono::milliseconds(parts_.timestamp_ms));
  }
  // Empty both for null and for an empty key; has_key() tells them apart. The same for value().
  [[nodiscard]] std::string_view key() const noexcept { return internal::ToStringView(parts_.key, parts_.key_size); }
  [[nodiscard]] bool has_key() const noexcept { return parts_.key_size >= 0; }
  [[nodiscard]] std::string_view value() const noexcept {
    return internal::ToStringView(parts_.value, parts_.value_size);
  }
  // False for a tombstone.
  [[nodiscard]] bool has_value() const noexcept { return parts_.value_size >= 0; }
  [[nodiscard]] HeaderRange headers() const noexcept { return HeaderRange(parts_.headers); }

 private:
  Parts parts_;
};

}  // namespace moldau::record
