// The lock on a directory: an open-file-description lock on a file in it, which the kernel drops with the process.
//
// Threads: safe.   Ownership: the lock lives with the object.   Failure: as Storage::Lock.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "moldau/storage/storage.h"

namespace moldau::storage {

[[nodiscard]] absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path);

}  // namespace moldau::storage
