// Runs independent pieces of work on the calling thread and on whatever threads an executor lends.
//
// Threads: the body is called from several threads at once.   Ownership: borrows everything for the length of the call.
// Failure: none; an executor that runs nothing only makes it slower.
#pragma once

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "moldau/base/executor.h"

namespace moldau::broker {

// Calls body(0) to body(count - 1), each once, and returns when all have returned. At most `helpers` tasks are posted.
void ParallelFor(Executor& executor, int helpers, size_t count, absl::FunctionRef<void(size_t)> body);

}  // namespace moldau::broker
