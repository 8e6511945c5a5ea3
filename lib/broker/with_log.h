// Runs an operation of a Partition on its log: one load to find it, and the answer of a log that has ended said in
// terms of the partition.
//
// Threads: safe.   Ownership: borrows the state for the call.   Failure: that of opening the log, and of the operation.
#pragma once

#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/partition_state.h"

namespace moldau::broker {

[[nodiscard]] inline const absl::Status& StatusIn(const absl::Status& status) { return status; }
template <typename T>
[[nodiscard]] const absl::Status& StatusIn(const absl::StatusOr<T>& result) {
  return result.status();
}

// `use` takes a log::Log& and returns a Status or a StatusOr.
template <typename Use>
[[nodiscard]] std::invoke_result_t<Use, log::Log&> WithLog(PartitionState& state, Use use) {
  log::Log* log = state.open_log();
  if (log == nullptr) [[unlikely]] {
    const absl::StatusOr<log::Log*> opened = state.Log();
    if (!opened.ok()) return opened.status();
    log = *opened;
  }
  std::invoke_result_t<Use, log::Log&> result = use(*log);
  if (!result.ok()) [[unlikely]]
    return state.Explain(StatusIn(result));
  return result;
}

}  // namespace moldau::broker
