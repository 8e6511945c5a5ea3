// Reads Kafka's primitive types from bytes that may hold anything. The first thing that does not fit makes the reader
// fail: from then on it yields zeros and empty strings, so a decoder reads straight on and asks ok() once at its end.
//
// Threads: one thread at a time.   Ownership: borrows the bytes; strings that it returns point into them.
// Failure: ok() turns false; every claimed length is compared with the bytes that are left before it is believed.
// Source: Kafka protocol guide, primitive types; KIP-482 for flexible versions.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "moldau/record/layout.h"
#include "moldau/types.h"

namespace moldau::protocol {

class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}
  explicit WireReader(std::string_view bytes) noexcept : rest_(std::as_bytes(std::span(bytes.data(), bytes.size()))) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  // Whether all has been read, and none of it failed.
  [[nodiscard]] bool AtEnd() const noexcept { return ok_ && rest_.empty(); }
  [[nodiscard]] size_t left() const noexcept { return rest_.size(); }
  // What has not been read; nothing after a failure.
  [[nodiscard]] std::span<const std::byte> rest() const noexcept { return rest_; }

  template <std::integral T>
  T Int() noexcept {
    const std::span<const std::byte> bytes = Take(sizeof(T));
    return ok_ ? record::layout::LoadBig<T>(bytes.data()) : T{};
  }

  uint32_t UnsignedVarint() noexcept {
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const auto byte = static_cast<uint8_t>(Int<int8_t>());
      if (!ok_ || (shift == 28 && byte > 0x0f)) break;
      value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }

  std::string_view String() noexcept {
    const auto length = Int<int16_t>();
    return length < 0 ? Fail() : Text(static_cast<size_t>(length));
  }

  std::optional<std::string_view> NullableString() noexcept {
    const auto length = Int<int16_t>();
    if (length == -1) return std::nullopt;
    return length < 0 ? Fail() : Text(static_cast<size_t>(length));
  }

  std::string_view CompactString() noexcept {
    const std::optional<std::string_view> text = CompactNullableString();
    return text ? *text : Fail();
  }

  std::optional<std::string_view> CompactNullableString() noexcept {
    const uint32_t length = UnsignedVarint();
    if (length == 0) return std::nullopt;
    return Text(length - 1);
  }

  std::string_view Bytes() noexcept {
    const auto length = Int<int32_t>();
    return length < 0 ? Fail() : Text(static_cast<size_t>(length));
  }

  // The number of elements of an array, each of which takes at least `element_size` bytes.
  size_t ArrayLength(size_t element_size) noexcept {
    const auto length = Int<int32_t>();
    if (length < 0 || static_cast<size_t>(length) > rest_.size() / element_size) {
      Fail();
      return 0;
    }
    return static_cast<size_t>(length);
  }
  size_t CompactArrayLength(size_t element_size) noexcept {
    const uint32_t length = UnsignedVarint();
    if (length == 0 || (length - 1) > rest_.size() / element_size) {
      Fail();
      return 0;
    }
    return length - 1;
  }

  Uuid Id() noexcept {
    Uuid id;
    const std::span<const std::byte> bytes = Take(id.bytes.size());
    if (ok_) std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
    return id;
  }

  // Skips fields that this version does not know.
  void TaggedFields() noexcept {
    for (uint32_t count = UnsignedVarint(); ok_ && count > 0; --count) {
      UnsignedVarint();  // the tag
      Take(UnsignedVarint());
    }
  }

  // The next `size` bytes as they are.
  std::span<const std::byte> Take(size_t size) noexcept {
    if (size > rest_.size()) Fail();
    if (!ok_) return {};
    const std::span<const std::byte> taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::string_view Fail() noexcept {
    ok_ = false;
    rest_ = {};
    return {};
  }

 private:
  std::string_view Text(size_t size) noexcept {
    const std::span<const std::byte> taken = Take(size);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace moldau::protocol
