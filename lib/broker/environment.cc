#include "broker/environment.h"

#include <utility>

#include "base/status_builder.h"
#include "storage/sigbus_guard.h"

namespace moldau::broker {

absl::StatusOr<std::shared_ptr<Environment>> Environment::Make(BrokerOptions options) {
  if (options.storage == nullptr) options.storage = &storage::PosixStorage();
  if (options.clock == nullptr) {
    options.clock = options.executor != nullptr ? &options.executor->clock() : &Clock::System();
  }
  if (options.sigbus_guard) MOLDAU_RETURN_IF_ERROR(storage::InstallSigbusGuard());
  std::shared_ptr<Environment> environment(new Environment(std::move(options)));
  BrokerOptions& own = environment->options_;
  if (own.executor != nullptr) {
    environment->callbacks_ = std::make_unique<base::TaskScope>(*own.executor);
    return environment;
  }
  if (own.threads == 0) {
    auto manual = MakeManualExecutor(*own.clock);
    environment->manual_ = manual.get();
    environment->own_executor_ = std::move(manual);
  } else {
    environment->own_executor_ = MakeThreadExecutor(*own.clock, own.threads);
  }
  own.executor = environment->own_executor_.get();
  if (own.executor == nullptr) {
    return base::Error(absl::StatusCode::kResourceExhausted, "broker %s: none of its %d threads could be started",
                       own.data_dir, own.threads);
  }
  environment->callbacks_ = std::make_unique<base::TaskScope>(*own.executor);
  return environment;
}

Environment::Environment(BrokerOptions options)
    : options_(std::move(options)),
      logger_(*options_.clock, options_.log_sink, options_.log_level),
      memory_(std::make_shared<base::MemoryBudget>(options_.memory_limit)),
      handles_(log::HandleCache::DefaultLimit()),
      random_(options_.seed != 0 ? Random(options_.seed) : Random::FromEntropy()) {}

Environment::~Environment() {
  // A forked child has none of the threads that would have to be joined.
  if (!in_child()) return;
  static_cast<void>(callbacks_.release());
  static_cast<void>(own_executor_.release());
}

absl::Status Environment::CheckProcess() const {
  if (!in_child()) [[likely]]
    return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition,
                     "broker %s: belongs to the process that opened it, not to its forked child", options_.data_dir);
}

void Environment::RequestCheckpoint() {
  base::MutexLock lock(checkpoint_request_mutex_);
  if (checkpoint_request_) checkpoint_request_();
}

void Environment::SetCheckpointRequest(std::function<void()> request) {
  base::MutexLock lock(checkpoint_request_mutex_);
  checkpoint_request_ = std::move(request);
}

absl::Status Environment::Checkpoint() {
  base::MutexLock lock(checkpoint_mutex_);
  if (!checkpoint_) return absl::CancelledError("broker: closed");
  return checkpoint_();
}

void Environment::SetCheckpoint(std::function<absl::Status()> checkpoint) {
  base::MutexLock lock(checkpoint_mutex_);
  checkpoint_ = std::move(checkpoint);
}

Random Environment::NewRandom() {
  base::MutexLock lock(random_mutex_);
  return random_.Split();
}

log::LogEnvironment Environment::ForLogs() noexcept {
  return {.storage = options_.storage,
          .clock = options_.clock,
          .executor = options_.executor,
          .callbacks = &*callbacks_,
          .logger = &logger_,
          .memory = memory_.get(),
          .flush_gate = &flush_gate_,
          .handles = &handles_,
          .latencies = &latencies_.log,
          .guards_pages = options_.sigbus_guard};
}

}  // namespace moldau::broker
