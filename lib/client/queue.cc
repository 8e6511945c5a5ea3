#include "moldau/queue.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "broker/access.h"
#include "client/queue_core.h"
#include "coordinator/share_time.h"
#include "moldau/error.h"

namespace moldau {

using coordinator::ShareVerdict;

// --- Queue ---

absl::StatusOr<Queue> Queue::Open(Broker& broker, std::string_view name, QueueOptions options) {
  auto producer = Producer::Open(broker);
  if (!producer.ok()) return std::move(producer).status();
  auto core = client::QueueCore::Open(broker::Access::core(broker), name, std::move(options), *std::move(producer));
  if (!core.ok()) return std::move(core).status();
  return Queue(*std::move(core));
}

Queue::Queue(std::shared_ptr<client::QueueCore> core) noexcept : core_(std::move(core)) {}
Queue::~Queue() = default;
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;

const std::string& Queue::name() const noexcept { return core_->name(); }

const std::string& Queue::topic() const noexcept { return core_->topic(); }

absl::StatusOr<Lease> Queue::Receive(std::chrono::nanoseconds timeout, std::stop_token stop) {
  auto leases = core_->Receive(1, timeout, std::move(stop));
  if (!leases.ok()) return std::move(leases).status();
  if (leases->empty()) return Lease();
  return std::move(leases->front());
}

absl::StatusOr<std::vector<Lease>> Queue::ReceiveMany(size_t max_records, std::chrono::nanoseconds timeout,
                                                      std::stop_token stop) {
  return core_->Receive(max_records, timeout, std::move(stop));
}

absl::StatusOr<int> Queue::ReadyDescriptor() { return core_->ReadyDescriptor(); }

void Queue::OnLeases(Executor& executor, size_t max_records, LeasesCallback callback, std::stop_token stop) {
  core_->OnLeases(executor, max_records, std::move(callback), std::move(stop));
}

Awaitable<absl::StatusOr<Lease>> Queue::ReceiveAsync(Executor& executor, std::chrono::nanoseconds timeout,
                                                     std::stop_token stop) {
  return core_->ReceiveAsync(executor, timeout, std::move(stop));
}

Awaitable<absl::StatusOr<std::vector<Lease>>> Queue::ReceiveManyAsync(Executor& executor, size_t max_records,
                                                                      std::chrono::nanoseconds timeout,
                                                                      std::stop_token stop) {
  return core_->ReceiveManyAsync(executor, max_records, timeout, std::move(stop));
}

absl::Status Queue::AckAll(std::span<Lease> leases) {
  absl::Status first;
  std::vector<ShareVerdict> verdicts;
  for (size_t i = 0; i < leases.size();) {
    client::LeaseBatch const* const batch = leases[i].batch_.get();
    verdicts.clear();
    for (; i < leases.size() && leases[i].batch_.get() == batch; ++i) {
      if (batch == nullptr || std::exchange(leases[i].settled_, true)) continue;
      verdicts.push_back({.offset = leases[i].offset(), .lock = leases[i].lock_});
    }
    if (!verdicts.empty()) first.Update(batch->partition().AcknowledgeAll(verdicts));
  }
  return first;
}

absl::Status Queue::Commit() { return core_->Commit(); }

absl::StatusOr<Receipt> Queue::Send(const Record& record, std::optional<Timestamp> not_before) {
  return core_->Send(record, not_before);
}

absl::StatusOr<QueueDescription> Queue::Describe() const { return core_->Describe(); }

absl::Status Queue::Close() { return core_->Close(/*commit=*/true); }

// --- Lease ---

Lease::Lease(std::shared_ptr<const client::LeaseBatch> batch, const RecordView& record, uint64_t lock,
             int delivery_count)
    : batch_(std::move(batch)), record_(record), lock_(lock), delivery_count_(delivery_count) {}

Lease::~Lease() { ReleaseIfHeld(); }

Lease::Lease(Lease&& other) noexcept
    : batch_(std::move(other.batch_)),
      record_(std::exchange(other.record_, {})),
      lock_(other.lock_),
      delivery_count_(other.delivery_count_),
      settled_(other.settled_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  ReleaseIfHeld();
  batch_ = std::move(other.batch_);
  record_ = std::exchange(other.record_, {});
  lock_ = other.lock_;
  delivery_count_ = other.delivery_count_;
  settled_ = other.settled_;
  return *this;
}

void Lease::ReleaseIfHeld() noexcept {
  // If its lock has expired, that has released it.
  if (*this) Release().IgnoreError();
}

const TopicPartition& Lease::partition() const noexcept { return batch_->partition().name(); }

namespace {

absl::Status NoLease() {
  return WithErrorCode(absl::FailedPreconditionError("lease: of nothing"), ErrorCode::kInvalidRecordState);
}

}  // namespace

absl::Status Lease::Ack() {
  if (batch_ == nullptr) return NoLease();
  settled_ = true;
  return batch_->partition().Settle({.offset = offset(), .lock = lock_});
}

absl::Status Lease::Release(std::optional<std::chrono::milliseconds> delay) {
  if (batch_ == nullptr) return NoLease();
  settled_ = true;
  std::optional<std::chrono::nanoseconds> wait;
  if (delay) wait = coordinator::ToWait(*delay);
  return batch_->partition().Settle(
      {.kind = ShareVerdict::Kind::kRelease, .offset = offset(), .lock = lock_, .duration = wait});
}

absl::Status Lease::Reject(std::string_view reason) {
  if (batch_ == nullptr) return NoLease();
  settled_ = true;
  return batch_->partition().Settle(
      {.kind = ShareVerdict::Kind::kReject, .offset = offset(), .lock = lock_, .reason = reason});
}

absl::Status Lease::Extend(std::optional<std::chrono::milliseconds> duration) {
  if (batch_ == nullptr) return NoLease();
  if (duration && duration->count() <= 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("lease: extended by %d ms, must be at least 1", duration->count()));
  }
  const std::chrono::nanoseconds time = duration ? coordinator::ToWait(*duration) : batch_->lock_duration();
  return batch_->partition().Settle(
      {.kind = ShareVerdict::Kind::kExtend, .offset = offset(), .lock = lock_, .duration = time});
}

namespace client {

void LeaseBatch::MakeLeases(const std::shared_ptr<const LeaseBatch>& batch,
                            const std::vector<coordinator::ShareDelivery::Item>& items, std::vector<Lease>& leases) {
  leases.reserve(leases.size() + items.size());
  for (const coordinator::ShareDelivery::Item& item : items) {
    leases.push_back(Lease(batch, item.record, item.lock, item.delivery_count));
  }
}

}  // namespace client
}  // namespace moldau
