// What a consumer says when its group refuses something.
//
// Threads: safe.   Ownership: none.   Failure: none.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "moldau/error.h"

namespace moldau::client {

// A status with `code` that names the group and what was refused: `group baristas: commit: ILLEGAL_GENERATION`.
[[nodiscard]] absl::Status GroupError(ErrorCode code, std::string_view group, std::string_view what);

}  // namespace moldau::client
