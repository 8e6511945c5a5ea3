// Receives that nobody stands in: for coroutines, and again and again for a callback.
#include <utility>

#include "absl/strings/str_join.h"
#include "base/status_builder.h"
#include "client/async_call.h"
#include "client/queue_core.h"

namespace moldau::client {
namespace {

using Leases = std::vector<Lease>;
using Call = AsyncCall<QueueCore, Leases>;

void StartReceive(const std::shared_ptr<QueueCore>& core, Executor& executor, size_t max_records,
                  std::chrono::nanoseconds timeout, std::stop_token stop, Call::Done done) {
  const auto attempt = [max_records](QueueCore& queue, const std::shared_ptr<Readiness::Listener>& listener,
                                     const std::stop_token& stopped) {
    return queue.TryReceive(listener, max_records, stopped);
  };
  Call::Start(core, executor, timeout, std::move(stop), attempt, std::move(done));
}

// Receives for a callback until there is an error. Owned by the receive that it waits for.
class Delivery final : public std::enable_shared_from_this<Delivery> {
 public:
  Delivery(const std::shared_ptr<QueueCore>& core, Executor& executor, size_t max_records, LeasesCallback callback,
           std::stop_token stop)
      : core_(core),
        executor_(executor),
        max_records_(max_records),
        callback_(std::move(callback)),
        stop_(std::move(stop)) {}

  void Next() {
    StartReceive(core_.lock(), executor_, max_records_, kForever, stop_,
                 [self = shared_from_this()](absl::StatusOr<Leases> received) { self->Deliver(std::move(received)); });
  }

 private:
  using Place = std::pair<int32_t, int64_t>;  // partition, offset

  void Deliver(absl::StatusOr<Leases> received) {
    if (received.ok() && received->empty()) received = absl::CancelledError("queue: was told to stop");
    if (!received.ok()) return callback_(std::move(received));
    std::vector<Place> places;
    places.reserve(received->size());
    for (const Lease& lease : *received) places.emplace_back(lease.partition().partition, lease.offset());
    // Leases that it did not get to are released as the exception passes.
    if (const auto thrown = base::WhatIsThrownBy([&] { callback_(std::move(received)); })) Report(places, *thrown);
    Next();
  }

  void Report(const std::vector<Place>& places, const std::string& thrown) const {
    const auto core = core_.lock();
    if (core == nullptr) return;
    const std::string where = absl::StrJoin(places, ", ", [&](std::string* out, const Place& place) {
      absl::StrAppendFormat(out, "%s-%d at offset %d", core->topic(), place.first, place.second);
    });
    core->logger().Error("queue.callback", "queue %s: the callback threw for %s: %s", core->name(), where, thrown);
  }

  const std::weak_ptr<QueueCore> core_;
  Executor& executor_;
  const size_t max_records_;
  LeasesCallback callback_;
  const std::stop_token stop_;
};

absl::StatusOr<Lease> FirstOf(absl::StatusOr<Leases> received) {
  if (!received.ok()) return std::move(received).status();
  if (received->empty()) return Lease();
  return std::move(received->front());
}

}  // namespace

Awaitable<absl::StatusOr<Lease>> QueueCore::ReceiveAsync(Executor& executor, std::chrono::nanoseconds timeout,
                                                         std::stop_token stop) {
  using Done = Awaitable<absl::StatusOr<Lease>>::Done;
  return Awaitable<absl::StatusOr<Lease>>(
      [weak = weak_from_this(), &executor, timeout](std::stop_token abandoned, Done done) {
        StartReceive(weak.lock(), executor, 1, timeout, std::move(abandoned),
                     [done = std::move(done)](absl::StatusOr<Leases> received) mutable {
                       std::move(done)(FirstOf(std::move(received)));
                     });
      },
      std::move(stop));
}

Awaitable<absl::StatusOr<Leases>> QueueCore::ReceiveManyAsync(Executor& executor, size_t max_records,
                                                              std::chrono::nanoseconds timeout, std::stop_token stop) {
  return Awaitable<absl::StatusOr<Leases>>(
      [weak = weak_from_this(), &executor, max_records, timeout](std::stop_token abandoned, Call::Done done) {
        StartReceive(weak.lock(), executor, max_records, timeout, std::move(abandoned), std::move(done));
      },
      std::move(stop));
}

void QueueCore::OnLeases(Executor& executor, size_t max_records, LeasesCallback callback, std::stop_token stop) {
  std::make_shared<Delivery>(shared_from_this(), executor, max_records, std::move(callback), std::move(stop))->Next();
}

}  // namespace moldau::client
