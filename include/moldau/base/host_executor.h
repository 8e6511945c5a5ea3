// Ways for a host to run Moldau's tasks on threads of its own: a thread pool, an event loop, or threads that it lends.
//
//   auto executor = moldau::MakeHostExecutor(clock, [&](moldau::MonoTime when) {
//     pool.ScheduleAt(when, [&] { executor->Poll(); });
//   });
//   auto broker = moldau::Broker::Open({.data_dir = "data", .executor = executor.get()});
//
// Threads: all members may be called from any thread; tasks run where Poll is called, at the same time if several
// threads do.   Ownership: the executor must outlive what is given a pointer to it, and the calls of Poll that its host
// has scheduled; tasks that are left are dropped.   Failure: as moldau/base/executor.h.
#pragma once

#include <memory>
#include <stop_token>

#include "absl/functional/any_invocable.h"
#include "moldau/base/clock.h"
#include "moldau/base/executor.h"

namespace moldau {

// Told that there is work at `when`, earlier than was said since the last Poll: call Poll once the clock gets there.
// Called by whoever posts a task, which may be an append, and by a Poll that leaves work behind. It must be brief, must
// not throw, and must not call Poll itself.
using PollWanted = absl::AnyInvocable<void(MonoTime when)>;

// An executor without threads that says when it wants to be polled.
[[nodiscard]] std::unique_ptr<ManualExecutor> MakeHostExecutor(Clock& clock, PollWanted wanted);

// Runs the executor's tasks as they become due, and sleeps in between, until `stop` is requested. Any number of threads
// may do so.
void LendThread(ManualExecutor& executor, std::stop_token stop);

}  // namespace moldau
