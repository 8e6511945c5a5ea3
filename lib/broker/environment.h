// What everything in a broker stands on: the seams the host gave, and the few things that all logs of a data directory
// share. Handles keep it alive, so that they work, or fail properly, in whatever order they are dropped.
//
// Threads: all members may be called from any thread.   Ownership: shared; it owns what the host did not give.
// Failure: none.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/fork_guard.h"
#include "base/logger.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "base/task_scope.h"
#include "broker/latencies.h"
#include "log/flush_gate.h"
#include "log/handle_cache.h"
#include "log/log_config.h"
#include "moldau/base/random.h"
#include "moldau/broker.h"

namespace moldau::broker {

class Environment {
 public:
  // ResourceExhausted if the threads cannot be started. The options have been checked.
  static absl::StatusOr<std::shared_ptr<Environment>> Make(BrokerOptions options);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  [[nodiscard]] const BrokerOptions& options() const noexcept { return options_; }
  [[nodiscard]] storage::Storage& storage() const noexcept { return *options_.storage; }
  [[nodiscard]] Clock& clock() const noexcept { return *options_.clock; }
  [[nodiscard]] Executor& executor() const noexcept { return *options_.executor; }
  [[nodiscard]] base::Logger& logger() noexcept { return logger_; }
  [[nodiscard]] const std::shared_ptr<base::MemoryBudget>& memory() const noexcept { return memory_; }

  [[nodiscard]] Latencies& latencies() noexcept { return latencies_; }

  // The executor that Broker::Poll drives; null unless threads = 0.
  [[nodiscard]] ManualExecutor* manual_executor() const noexcept { return manual_; }
  // True if the executor is the broker's own, so that what is posted is sure to run.
  [[nodiscard]] bool owns_executor() const noexcept { return own_executor_ != nullptr; }

  // True in a forked child, which has neither the threads nor the mappings of its parent. One load.
  [[nodiscard]] bool in_child() const noexcept { return fork_guard_.in_child(); }
  // How many threads of the executor may be asked to help with one piece of work: none of those that may not be
  // running.
  [[nodiscard]] int helpers() const noexcept { return owns_executor() && manual_ == nullptr ? options_.threads : 0; }

  // FailedPrecondition in a forked child.
  [[nodiscard]] absl::Status CheckProcess() const;

  // Callbacks of receipts run here and not among the tasks of their log: one that closes the broker must not be waited
  // for by the work that closes that log.
  [[nodiscard]] base::TaskScope& callbacks() noexcept { return *callbacks_; }

  // Asks for a manifest to be written soon; nothing once the broker is closing.
  void RequestCheckpoint();
  void SetCheckpointRequest(std::function<void()> request);

  // Writes the manifest now, durably; Cancelled once the broker is closing.
  absl::Status Checkpoint();
  void SetCheckpoint(std::function<absl::Status()> checkpoint);

  // A random source of one's own.
  [[nodiscard]] Random NewRandom();

  // What a log is opened with.
  [[nodiscard]] log::LogEnvironment ForLogs() noexcept;

 private:
  explicit Environment(BrokerOptions options);

  BrokerOptions options_;  // with the system's own in place of what was null
  base::Logger logger_;
  std::shared_ptr<base::MemoryBudget> memory_;
  base::ForkGuard fork_guard_;
  log::FlushGate flush_gate_;
  log::HandleCache handles_;
  Latencies latencies_;
  base::Mutex random_mutex_;
  Random random_ ABSL_GUARDED_BY(random_mutex_);
  base::Mutex checkpoint_request_mutex_;
  std::function<void()> checkpoint_request_ ABSL_GUARDED_BY(checkpoint_request_mutex_);
  base::Mutex checkpoint_mutex_;  // held while the manifest is written
  std::function<absl::Status()> checkpoint_ ABSL_GUARDED_BY(checkpoint_mutex_);
  std::unique_ptr<Executor> own_executor_;  // goes first: its tasks use the rest
  ManualExecutor* manual_ = nullptr;
  std::unique_ptr<base::TaskScope> callbacks_;
};

}  // namespace moldau::broker
