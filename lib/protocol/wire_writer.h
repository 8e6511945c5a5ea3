// Appends Kafka's primitive types to a string: big-endian integers, strings with a two-byte length, and the compact
// forms of flexible versions (lengths as unsigned varints plus one).
//
// Threads: one thread at a time.   Ownership: owns what it has written until take().
// Failure: none; a string of more than 32,767 bytes in the two-byte form is a programmer's error.
// Source: Kafka protocol guide, primitive types; KIP-482 for flexible versions.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "moldau/record/layout.h"
#include "moldau/types.h"

namespace moldau::protocol {

class WireWriter {
 public:
  WireWriter() = default;
  // Appends to what is there.
  explicit WireWriter(std::string out) noexcept : out_(std::move(out)) {}

  template <std::integral T>
  void Int(T value) {
    std::byte bytes[sizeof(T)];
    record::layout::StoreBig(bytes, value);
    out_.append(reinterpret_cast<const char*>(bytes), sizeof(T));
  }

  void UnsignedVarint(uint32_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }

  void String(std::string_view value) {
    MOLDAU_CHECK(value.size() <= static_cast<size_t>(std::numeric_limits<int16_t>::max()));
    Int(static_cast<int16_t>(value.size()));
    out_.append(value);
  }

  void NullableString(const std::optional<std::string>& value) { value ? String(*value) : Int(int16_t{-1}); }

  void Bytes(std::string_view value) {
    MOLDAU_CHECK(value.size() <= static_cast<size_t>(std::numeric_limits<int32_t>::max()));
    Int(static_cast<int32_t>(value.size()));
    out_.append(value);
  }

  void CompactString(std::string_view value) {
    CompactLength(value.size());
    out_.append(value);
  }
  void CompactNull() { UnsignedVarint(0); }

  // Of an array or a string; its elements follow.
  void CompactLength(size_t length) { UnsignedVarint(static_cast<uint32_t>(length + 1)); }

  void Id(const Uuid& id) { out_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()); }

  void NoTaggedFields() { UnsignedVarint(0); }

  // Bytes as they are.
  void Raw(std::string_view bytes) { out_.append(bytes); }

  [[nodiscard]] const std::string& bytes() const noexcept { return out_; }
  [[nodiscard]] std::string take() && noexcept { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace moldau::protocol
