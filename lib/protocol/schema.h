// How a message is declared. A message is an aggregate whose `Fields` names its members in the order of the wire, each
// with the versions that have it; encoder, decoder and tests are all derived from this one declaration.
//
//   struct HeartbeatRequest {
//     static constexpr Schema kSchema = RequestSchema(ApiKey::kHeartbeat);
//     std::string group_id;
//     std::optional<std::string> group_instance_id;
//
//     template <typename Visitor>
//     static void Fields(Visitor& v) {
//       using M = HeartbeatRequest;
//       v.Field("group_id", &M::group_id);
//       v.Field("group_instance_id", &M::group_instance_id, Since(3));
//     }
//     friend bool operator==(const HeartbeatRequest&, const HeartbeatRequest&) = default;
//   };
//
// A member's type is its type on the wire: integers and enums of 1 to 8 bytes, bool, std::string, Uuid, Bytes, a struct
// with `Fields`, a std::vector of these, and std::optional around a string, bytes or an array that may be null.
// `v.Bytes(…)` in place of `v.Field(…)`: the std::string holds opaque bytes, whose length takes four bytes.
//
// Threads: constants.   Ownership: none.   Failure: none.   Source: Kafka's message definitions; KIP-482.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "protocol/api.h"

namespace moldau::protocol {

inline constexpr int16_t kNoTag = -1;

// The versions that have a field, and what holds of it in them.
struct Versions {
  int16_t first = 0;
  int16_t last = std::numeric_limits<int16_t>::max();
  // From here on the field may be null, if its type can be.
  int16_t first_nullable = 0;
  // Of a tagged field: it is sent after the others, and only if it differs from its default.
  int16_t tag = kNoTag;
  // Whether a value is dropped in silence by a version that lacks the field; else encoding it fails.
  bool ignorable = false;

  [[nodiscard]] constexpr bool Contain(int16_t version) const noexcept { return first <= version && version <= last; }

  [[nodiscard]] constexpr Versions Ignorable() const noexcept {
    Versions changed = *this;
    changed.ignorable = true;
    return changed;
  }
  [[nodiscard]] constexpr Versions NullableSince(int16_t version) const noexcept {
    Versions changed = *this;
    changed.first_nullable = version;
    return changed;
  }
  [[nodiscard]] constexpr Versions Tag(int16_t number) const noexcept {
    Versions changed = *this;
    changed.tag = number;
    return changed;
  }
};

[[nodiscard]] constexpr Versions Since(int16_t first) noexcept { return {.first = first}; }
[[nodiscard]] constexpr Versions Until(int16_t last) noexcept { return {.last = last}; }
[[nodiscard]] constexpr Versions Between(int16_t first, int16_t last) noexcept {
  return {.first = first, .last = last};
}

template <typename T>
[[nodiscard]] constexpr bool IsNull(const T&) noexcept {
  return false;
}
template <typename T>
[[nodiscard]] constexpr bool IsNull(const std::optional<T>& value) noexcept {
  return !value.has_value();
}

// What a message is called and which versions of it there are.
struct Schema {
  const char* name;
  const char* kind;  // "request", "response"
  int16_t min_version;
  int16_t max_version;
  int16_t first_flexible_version;

  [[nodiscard]] constexpr bool IsFlexible(int16_t version) const noexcept { return version >= first_flexible_version; }
};

[[nodiscard]] constexpr Schema MessageSchema(ApiKey key, const char* kind) noexcept {
  const Api& api = ApiOf(key);
  return {api.name, kind, api.min_version, api.max_version, api.first_flexible_version};
}
[[nodiscard]] constexpr Schema RequestSchema(ApiKey key) noexcept { return MessageSchema(key, "request"); }
[[nodiscard]] constexpr Schema ResponseSchema(ApiKey key) noexcept { return MessageSchema(key, "response"); }

}  // namespace moldau::protocol
