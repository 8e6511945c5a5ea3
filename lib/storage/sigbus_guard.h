// Failing media under a mapping: a page that cannot be read raises SIGBUS, which ends the process. A host that would
// rather lose one partition asks for this guard; then an access to a mapping that runs inside WithSigbusGuard returns
// DataLoss, and every other SIGBUS goes where it went before.
//
// Threads: safe; the guard of an access belongs to its thread.   Ownership: the handler stays until the process ends.
// Failure: DataLoss naming the file.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace moldau::storage {

// Installs the handler for the whole process, the first time it is called. Without it nothing in Moldau touches a
// signal.
absl::Status InstallSigbusGuard();

// Runs `access`, which may touch `range` of the mapping of `path`. It is left in the middle of an instruction when a
// page fails, so it must not own anything: no locks, no allocation, no destructors; copy bytes or compute a checksum
// into plain variables that are volatile or not read afterwards. Costs nanoseconds; where no guard is installed,
// nothing.
absl::Status WithSigbusGuard(std::string_view path, std::span<const std::byte> range, absl::FunctionRef<void()> access);

}  // namespace moldau::storage
