// Reads a message by its declaration (schema.h) from bytes that may hold anything. The first thing that does not fit
// makes the decoder fail; it then reads nothing more, and Finish says where it was.
//
// Threads: one thread at a time.   Ownership: borrows the bytes until Finish; `Bytes` that it reads share their owner.
// Failure: Finish. Every claimed length is compared with what is left, a number of elements with their least size.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "moldau/types.h"
#include "protocol/bytes.h"
#include "protocol/codec.h"
#include "protocol/least_size.h"
#include "protocol/schema.h"
#include "protocol/wire_reader.h"

namespace moldau::protocol {

class Decoder {
 public:
  // `version` is one that the schema has.
  Decoder(const Schema& schema, int16_t version, const Bytes& bytes, const DecodeLimits& limits)
      : schema_(schema),
        version_(version),
        flexible_(schema.IsFlexible(version)),
        source_(bytes),
        in_(bytes.span()),
        memory_left_(limits.max_memory) {}

  enum class Rest { kRefused, kIgnored };

  // OK if nothing failed, and nothing is left where a rest is refused.
  [[nodiscard]] absl::Status Finish(Rest rest = Rest::kRefused) const;

  template <typename Struct>
  void ReadStruct(Struct& value) {
    FieldReader<Struct> fields(*this, value, kNoTag);
    Struct::Fields(fields);
    if (flexible_) ReadTaggedFields(value);
  }

 private:
  template <typename Struct>
  class FieldReader;

  // A tagged field fills exactly what it claims; one that is not known is skipped.
  template <typename Struct>
  void ReadTaggedFields(Struct& value) {
    int64_t last_tag = -1;
    for (uint32_t count = in_.UnsignedVarint(); in_.ok() && count > 0; --count) {
      const uint32_t tag = in_.UnsignedVarint();
      const std::span<const std::byte> payload = in_.Take(in_.UnsignedVarint());
      if (!in_.ok() || tag <= last_tag) return Fail("tagged fields");
      last_tag = tag;
      const WireReader behind = std::exchange(in_, WireReader(payload));
      FieldReader<Struct> fields(*this, value, tag);
      Struct::Fields(fields);
      if (fields.found() && !in_.AtEnd()) return Fail("tagged fields");
      in_ = behind;
    }
    if (!in_.ok()) Fail("tagged fields");
  }

  template <typename T>
  void Read(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(in_.Int<std::underlying_type_t<T>>());
    } else if constexpr (std::same_as<T, bool>) {
      value = in_.Int<int8_t>() != 0;
    } else if constexpr (std::integral<T>) {
      value = in_.Int<T>();
    } else {
      ReadStruct(value);
    }
  }
  template <typename T>
  void Read(std::vector<T>& elements) {
    const std::optional<size_t> count = ReadCount(LeastSize<T>::In(version_, flexible_), sizeof(T));
    count ? ReadElements(*count, elements) : static_cast<void>(in_.Fail());
  }
  template <typename T>
  void Read(std::optional<std::vector<T>>& elements) {
    elements.reset();
    if (const auto count = ReadCount(LeastSize<T>::In(version_, flexible_), sizeof(T))) {
      ReadElements(*count, elements.emplace());
    }
  }
  template <typename T>
  void ReadElements(size_t count, std::vector<T>& elements) {
    elements.resize(count);
    for (size_t i = 0; i < count && in_.ok(); ++i) Read(elements[i]);
  }
  void Read(std::string& text);
  void Read(std::optional<std::string>& text);
  void Read(Uuid& id) { id = in_.Id(); }
  void Read(Bytes& bytes);
  void Read(std::optional<Bytes>& bytes);
  void ReadOpaque(std::string& bytes);
  void ReadOpaque(std::optional<std::string>& bytes);

  // Null is no value, as is a failure.
  std::optional<std::string_view> ReadNullableText();
  std::optional<std::span<const std::byte>> ReadNullableBytes();
  std::optional<size_t> ReadCount(size_t least_size, size_t size_in_memory);
  std::optional<size_t> ReadLength();

  // Remembers the first field that failed, and where it began.
  void Fail(const char* field) {
    in_.Fail();
    if (failed_field_ == nullptr) failed_field_ = field;
  }

  const Schema& schema_;
  const int16_t version_;
  const bool flexible_;
  const Bytes& source_;
  WireReader in_;
  size_t memory_left_;
  const char* failed_field_ = nullptr;
  size_t position_ = 0;  // where the field that is being read begins
};

// Reads the fields of one struct that have a tag, or those that have none, in the order of their declaration.
template <typename Struct>
class Decoder::FieldReader {
 public:
  FieldReader(Decoder& decoder, Struct& value, int64_t tag) noexcept : decoder_(decoder), value_(value), tag_(tag) {}

  [[nodiscard]] bool found() const noexcept { return found_; }

  template <typename T>
  void Field(const char* name, T Struct::*member, Versions versions = {}) {
    Visit(name, member, versions, [this](T& value) { decoder_.Read(value); });
  }
  template <typename T>
  void Bytes(const char* name, T Struct::*member, Versions versions = {}) {
    Visit(name, member, versions, [this](T& value) { decoder_.ReadOpaque(value); });
  }

 private:
  template <typename T, typename ReadValue>
  void Visit(const char* name, T Struct::*member, const Versions& versions, ReadValue read) {
    if (versions.tag != tag_ || !versions.Contain(decoder_.version_) || !decoder_.in_.ok()) return;
    found_ = true;
    decoder_.position_ = static_cast<size_t>(decoder_.in_.rest().data() - decoder_.source_.span().data());
    T& value = value_.*member;
    read(value);
    const bool fits = !IsNull(value) || decoder_.version_ >= versions.first_nullable;
    if (!decoder_.in_.ok() || !fits) decoder_.Fail(name);
  }

  Decoder& decoder_;
  Struct& value_;
  const int64_t tag_;
  bool found_ = false;
};

}  // namespace moldau::protocol
