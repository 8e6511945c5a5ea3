// Opening what must be a plain file: a directory is refused, and a pipe or device cannot hang the caller.
//
// Threads: safe.   Ownership: the caller's.   Failure: as Storage::Open.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "storage/posix_descriptor.h"

namespace moldau::storage {

// InvalidArgument for a path that the system would cut at a NUL byte.
[[nodiscard]] absl::Status CheckPath(const std::string& path);

// `flags` of open(2); what it creates is 0640 and closed on exec.
[[nodiscard]] absl::StatusOr<Descriptor> OpenRegular(const std::string& path, int flags);

}  // namespace moldau::storage
