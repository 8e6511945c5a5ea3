// The statuses of this room: one wording and one classification for the operating system's errors and for those of the
// disk in memory, each with Kafka's storage error attached.
//
// Threads: safe.   Ownership: none.   Failure: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/status_builder.h"

namespace moldau::storage {

template <typename... Args>
[[nodiscard]] absl::Status StorageError(absl::StatusCode code, const absl::FormatSpec<Args...>& format,
                                        const Args&... args) {
  return WithErrorCode(absl::Status(code, absl::StrFormat(format, args...)), ErrorCode::kStorageError);
}

// "<path>: <action>: no space left on device", with the limit of the system that was hit where there is one.
[[nodiscard]] absl::Status IoError(int error, std::string_view path, std::string_view action);

// The answer to a write through a file or mapping that was opened for reading.
[[nodiscard]] absl::Status ReadOnlyError(std::string_view path, std::string_view action);

// The answer to a second lock of the file; `holder` is 0 if it is not known.
[[nodiscard]] absl::Status LockedError(std::string_view path, pid_t holder);

// OK if [offset, offset + length) is a range of a file or of something `size` bytes long.
[[nodiscard]] absl::Status CheckRange(std::string_view path, uint64_t offset, uint64_t length, uint64_t size);

// The greatest size of a file and the end of the greatest range.
inline constexpr uint64_t kMaxFileSize = INT64_MAX;

}  // namespace moldau::storage
