// Small files that are read whole and replaced whole: checkpoints, metadata, the manifest.
//
// Threads: safe; two replacements of one path at a time are the caller's mistake.   Ownership: none.
// Failure: that of the storage, and ResourceExhausted for a file above the limit.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "moldau/storage/storage.h"

namespace moldau::log {

// All bytes of the file at `path`. NotFound if there is none; ResourceExhausted if it is longer than `limit_bytes`.
[[nodiscard]] absl::StatusOr<std::string> ReadWholeFile(storage::Storage& storage, const std::string& path,
                                                        size_t limit_bytes);

// Puts `contents` at `path`, in place: for a file that can be made again, since a crash may leave any part of it.
// Durable when it returns OK if `flush`.
absl::Status WriteWholeFile(storage::Storage& storage, const std::string& path, std::string_view contents, bool flush);

// Puts `contents` at `directory`/`name` so that a crash at any moment leaves the old file or the new one, whole: writes
// `name`.tmp, flushes it, renames it, flushes the directory. After an error before the rename the old file is in place;
// if only the flush of the directory failed it is the new one, which a crash may still take back.
absl::Status ReplaceWholeFile(storage::Storage& storage, const std::string& directory, std::string_view name,
                              std::string_view contents);

// `status` with "`path`: " before its message; its code and payloads stay.
[[nodiscard]] absl::Status WithPath(const absl::Status& status, std::string_view path);

}  // namespace moldau::log
