// Writes a message by its declaration (schema.h). The first field that its version cannot carry makes the encoder fail;
// it then writes on, harmlessly, and Finish says what was wrong.
//
// Threads: one thread at a time.   Ownership: owns what it has written until Finish.   Failure: Finish.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "moldau/types.h"
#include "protocol/bytes.h"
#include "protocol/codec.h"
#include "protocol/schema.h"
#include "protocol/wire_writer.h"

namespace moldau::protocol {

class Encoder {
 public:
  // Appends to `out`. `version` is one that the schema has. Record batches go to `splices`, if it is not null.
  Encoder(const Schema& schema, int16_t version, std::string out, std::vector<Splice>* splices)
      : schema_(schema),
        version_(version),
        flexible_(schema.IsFlexible(version)),
        out_(std::move(out)),
        splices_(splices) {}

  // Moves what was written to `out`, which is what the encoder began with if it fails.
  [[nodiscard]] absl::Status Finish(std::string& out) &&;

  template <typename Struct>
  void WriteStruct(const Struct& value) {
    FieldWriter<Struct> fields(*this, value);
    Struct::Fields(fields);
    if (flexible_) fields.WriteTagged();
  }

 private:
  template <typename Struct>
  class FieldWriter;

  template <typename T>
  void Write(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      out_.Int(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::same_as<T, bool>) {
      out_.Int(static_cast<int8_t>(value));
    } else if constexpr (std::integral<T>) {
      out_.Int(value);
    } else {
      WriteStruct(value);
    }
  }
  template <typename T>
  void Write(const std::vector<T>& elements) {
    WriteLength(elements.size());
    for (const T& element : elements) Write(element);
  }
  template <typename T>
  void Write(const std::optional<T>& value) {
    value ? Write(*value) : WriteNullLength();
  }
  void Write(const std::string& text);
  void Write(const std::optional<std::string>& text);
  void Write(const Uuid& id) { out_.Id(id); }
  void Write(const Bytes& batches);

  void WriteOpaque(std::string_view bytes);
  void WriteOpaque(const std::string& bytes) { WriteOpaque(std::string_view(bytes)); }
  void WriteOpaque(const std::optional<std::string>& bytes) { bytes ? WriteOpaque(*bytes) : WriteNullLength(); }

  // Of an array or of opaque bytes.
  void WriteLength(size_t length);
  void WriteNullLength();

  // `field` is set, but this version has no place for it, or it is null where it must not be.
  void RefuseSet(const char* field);
  void RefuseNull(const char* field);
  void RefuseLength(const char* what, size_t length);

  const Schema& schema_;
  const int16_t version_;
  const bool flexible_;
  WireWriter out_;
  const size_t start_ = out_.bytes().size();
  std::vector<Splice>* const splices_;
  const size_t first_splice_ = splices_ == nullptr ? 0 : splices_->size();
  absl::Status status_;
};

// Writes the fields of one struct in the order of their declaration and puts the tagged ones aside.
template <typename Struct>
class Encoder::FieldWriter {
 public:
  FieldWriter(Encoder& encoder, const Struct& value) noexcept : encoder_(encoder), value_(value) {}

  template <typename T>
  void Field(const char* name, T Struct::*member, Versions versions = {}) {
    Visit(name, member, versions, [this](const T& value) { encoder_.Write(value); });
  }
  template <typename T>
  void Bytes(const char* name, T Struct::*member, Versions versions = {}) {
    Visit(name, member, versions, [this](const T& value) { encoder_.WriteOpaque(value); });
  }

  void WriteTagged() {
    encoder_.out_.UnsignedVarint(tagged_count_);
    encoder_.out_.Raw(tagged_.bytes());
  }

 private:
  static const Struct& Defaults() {
    static const auto* const kDefaults = new Struct();
    return *kDefaults;
  }

  template <typename T, typename WriteValue>
  void Visit(const char* name, T Struct::*member, const Versions& versions, WriteValue write) {
    const T& value = value_.*member;
    if (!versions.Contain(encoder_.version_)) {
      if (!versions.ignorable && value != Defaults().*member) encoder_.RefuseSet(name);
      return;
    }
    if (IsNull(value) && encoder_.version_ < versions.first_nullable) return encoder_.RefuseNull(name);
    if (versions.tag == kNoTag) return write(value);
    if (value == Defaults().*member) return;
    WireWriter untagged = std::exchange(encoder_.out_, WireWriter());
    write(value);
    const WireWriter payload = std::exchange(encoder_.out_, std::move(untagged));
    tagged_.UnsignedVarint(static_cast<uint32_t>(versions.tag));
    tagged_.UnsignedVarint(static_cast<uint32_t>(payload.bytes().size()));
    tagged_.Raw(payload.bytes());
    ++tagged_count_;
  }

  Encoder& encoder_;
  const Struct& value_;
  WireWriter tagged_;
  uint32_t tagged_count_ = 0;
};

}  // namespace moldau::protocol
