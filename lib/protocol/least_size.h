// The fewest bytes that a value takes on the wire in a version: what a claimed number of elements is held against
// before anything is reserved for them.
//
// Threads: safe.   Ownership: none.   Failure: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "moldau/types.h"
#include "protocol/bytes.h"
#include "protocol/schema.h"

namespace moldau::protocol {

template <typename Struct>
class LeastStructSize;

template <typename T>
struct LeastSize {
  static constexpr size_t In(int16_t version, bool flexible) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      return sizeof(T);
    } else {
      return LeastStructSize<T>(version, flexible).size();
    }
  }
};
template <>
struct LeastSize<Uuid> {
  static constexpr size_t In(int16_t, bool) { return sizeof(Uuid); }
};
template <>
struct LeastSize<std::string> {
  static constexpr size_t In(int16_t, bool flexible) { return flexible ? 1 : sizeof(int16_t); }
};
template <>
struct LeastSize<Bytes> {
  static constexpr size_t In(int16_t, bool flexible) { return flexible ? 1 : sizeof(int32_t); }
};
template <typename T>
struct LeastSize<std::vector<T>> : LeastSize<Bytes> {};
template <typename T>
struct LeastSize<std::optional<T>> : LeastSize<T> {};

template <typename Struct>
class LeastStructSize {
 public:
  constexpr LeastStructSize(int16_t version, bool flexible) : version_(version), flexible_(flexible) {
    Struct::Fields(*this);
    if (flexible) ++size_;  // the number of tagged fields
  }
  [[nodiscard]] constexpr size_t size() const noexcept { return size_; }

  template <typename T>
  constexpr void Field(const char*, T Struct::*, Versions versions = {}) {
    Add<T>(versions);
  }
  template <typename T>
  constexpr void Bytes(const char*, T Struct::*, Versions versions = {}) {
    Add<protocol::Bytes>(versions);
  }

 private:
  template <typename T>
  constexpr void Add(const Versions& versions) {
    if (versions.Contain(version_) && versions.tag == kNoTag) size_ += LeastSize<T>::In(version_, flexible_);
  }

  const int16_t version_;
  const bool flexible_;
  size_t size_ = 0;
};

}  // namespace moldau::protocol
