// What a client is told when the coordinator meets a failure of its own.
//
// Threads: safe.   Ownership: none.   Failure: none.
#pragma once

#include "absl/status/status.h"
#include "moldau/error.h"

namespace moldau::coordinator {

// The code that a status carries; a broker that is closing is a coordinator that is to be looked for elsewhere.
[[nodiscard]] inline ErrorCode CodeForClients(const absl::Status& status) {
  return absl::IsCancelled(status) ? ErrorCode::kCoordinatorNotAvailable : GetErrorCode(status);
}

}  // namespace moldau::coordinator
