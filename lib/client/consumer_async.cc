// Polls that nobody stands in: for coroutines, and again and again for a callback.
#include <utility>

#include "absl/strings/str_join.h"
#include "base/status_builder.h"
#include "client/async_call.h"
#include "client/consumer_core.h"

namespace moldau::client {
namespace {

using Call = AsyncCall<ConsumerCore, ConsumerRecords>;

void StartPoll(const std::shared_ptr<ConsumerCore>& core, Executor& executor, std::chrono::nanoseconds timeout,
               std::stop_token stop, Call::Done done) {
  const auto attempt = [](ConsumerCore& consumer, const std::shared_ptr<Readiness::Listener>& listener,
                          const std::stop_token& stopped) { return consumer.TryPoll(listener, stopped); };
  Call::Start(core, executor, timeout, std::move(stop), attempt, std::move(done));
}

// Polls for a callback until there is an error. Owned by the poll that it waits for.
class Delivery final : public std::enable_shared_from_this<Delivery> {
 public:
  Delivery(const std::shared_ptr<ConsumerCore>& core, Executor& executor, RecordsCallback callback,
           std::stop_token stop)
      : core_(core), executor_(executor), callback_(std::move(callback)), stop_(std::move(stop)) {}

  void Next() {
    StartPoll(
        core_.lock(), executor_, kForever, stop_,
        [self = shared_from_this()](absl::StatusOr<ConsumerRecords> polled) { self->Deliver(std::move(polled)); });
  }

 private:
  void Deliver(absl::StatusOr<ConsumerRecords> polled) {
    if (polled.ok() && polled->empty()) polled = absl::CancelledError("consumer: was told to stop");
    if (!polled.ok()) return callback_(std::move(polled));
    const std::vector<PartitionRecords> parts(polled->partitions().begin(), polled->partitions().end());
    const auto thrown = base::WhatIsThrownBy([&] { callback_(std::move(polled)); });
    if (!thrown) return Next();
    absl::Status problem = absl::CancelledError("consumer: closed");
    if (const auto core = core_.lock()) problem = core->TakeBack(parts, *thrown);
    callback_(std::move(problem));
  }

  const std::weak_ptr<ConsumerCore> core_;
  Executor& executor_;
  RecordsCallback callback_;
  const std::stop_token stop_;
};

}  // namespace

Awaitable<absl::StatusOr<ConsumerRecords>> ConsumerCore::PollAsync(Executor& executor, std::chrono::nanoseconds timeout,
                                                                   std::stop_token stop) {
  return Awaitable<absl::StatusOr<ConsumerRecords>>(
      [weak = weak_from_this(), &executor, timeout](std::stop_token abandoned, Call::Done done) {
        StartPoll(weak.lock(), executor, timeout, std::move(abandoned), std::move(done));
      },
      std::move(stop));
}

void ConsumerCore::OnRecords(Executor& executor, RecordsCallback callback, std::stop_token stop) {
  std::make_shared<Delivery>(shared_from_this(), executor, std::move(callback), std::move(stop))->Next();
}

absl::Status ConsumerCore::TakeBack(std::span<const PartitionRecords> parts, const std::string& thrown) {
  const std::string where = absl::StrJoin(parts, ", ", [](std::string* out, const PartitionRecords& part) {
    absl::StrAppendFormat(out, "%s-%d at offsets %d to %d", part.partition().topic, part.partition().partition,
                          (*part.begin()).offset(), part.next_offset() - 1);
  });
  for (const PartitionRecords& part : parts) {
    Seek(part.partition(), (*part.begin()).offset()).IgnoreError();  // it may be another consumer's by now
  }
  absl::Status problem =
      base::Error(absl::StatusCode::kInternal, "consumer: the callback threw for %s: %s", where, thrown);
  broker_->environment().logger().Error("consumer.callback", "%s", std::string(problem.message()));
  return problem;
}

}  // namespace moldau::client
