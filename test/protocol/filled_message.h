// Messages with something in each field that a version has. What comes from a `Source`, which is asked for the
// primitive values in the order of the wire: tagged fields after the others of their struct.
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

namespace moldau::protocol::test {

// A Source has:
//   bool IsNull();                 whether the next value that may be null is
//   bool HasTagged();              whether tagged fields differ from their defaults
//   size_t ArraySize();
//   bool Bool();
//   int64_t Int(size_t size);      that fits into `size` bytes
//   std::string Text();
//   std::string Opaque();
//   Uuid Id();
template <typename Source>
class Filling {
 public:
  Filling(Source& source, int16_t version) : source_(source), version_(version) {}

  template <typename Struct>
  void Fill(Struct& value) {
    FieldFilling<Struct> untagged(*this, value, false);
    Struct::Fields(untagged);
    FieldFilling<Struct> tagged(*this, value, true);
    if (source_.HasTagged()) Struct::Fields(tagged);
  }
  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void Fill(T& value) { value = static_cast<T>(source_.Int(sizeof(T))); }
  void Fill(bool& value) { value = source_.Bool(); }
  void Fill(std::string& text) { text = source_.Text(); }
  void Fill(Uuid& id) { id = source_.Id(); }
  void Fill(Bytes& bytes) { bytes = Bytes::Own(source_.Opaque()); }
  template <typename T>
  void Fill(std::vector<T>& elements) {
    elements.resize(source_.ArraySize());
    for (T& element : elements) Fill(element);
  }

  void FillOpaque(std::string& bytes) { bytes = source_.Opaque(); }

 private:
  template <typename Struct>
  class FieldFilling {
   public:
    FieldFilling(Filling& filling, Struct& value, bool tagged) : filling_(filling), value_(value), tagged_(tagged) {}

    template <typename T>
    void Field(const char*, T Struct::*member, Versions versions = {}) {
      Visit(value_.*member, versions, [this](auto& value) { filling_.Fill(value); });
    }
    template <typename T>
    void Bytes(const char*, T Struct::*member, Versions versions = {}) {
      Visit(value_.*member, versions, [this](std::string& bytes) { filling_.FillOpaque(bytes); });
    }

   private:
    template <typename T, typename FillValue>
    void Visit(T& value, const Versions& versions, FillValue fill) {
      if (versions.Contain(filling_.version_) && (versions.tag != kNoTag) == tagged_)
        FillNullable(value, versions, fill);
    }
    template <typename T, typename FillValue>
    void FillNullable(T& value, const Versions&, FillValue fill) {
      fill(value);
    }
    template <typename T, typename FillValue>
    void FillNullable(std::optional<T>& value, const Versions& versions, FillValue fill) {
      value.reset();
      if (filling_.version_ >= versions.first_nullable && filling_.source_.IsNull()) return;
      fill(value.emplace());
    }

    Filling& filling_;
    Struct& value_;
    const bool tagged_;
  };

  Source& source_;
  const int16_t version_;
};

template <typename Message, typename Source>
Message FilledMessage(Source& source, int16_t version) {
  Message message;
  Filling<Source>(source, version).Fill(message);
  return message;
}

}  // namespace moldau::protocol::test
