// A hash map by name that is searched by std::string_view without making a string. Only for .cc files and internal
// headers: flat_hash_map costs seconds to compile.
//
// Threads: as any container.   Ownership: none.   Failure: none.
#pragma once

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace moldau::base {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct StringEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

template <typename V>
using StringMap = absl::flat_hash_map<std::string, V, StringHash, StringEqual>;

}  // namespace moldau::base
