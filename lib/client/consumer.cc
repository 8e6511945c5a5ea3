#include "moldau/consumer.h"

#include <utility>

#include "broker/access.h"
#include "client/consumer_core.h"

namespace moldau {

absl::StatusOr<Consumer> Consumer::Subscribe(Broker& broker, ConsumerOptions options) {
  auto core = client::ConsumerCore::Subscribe(broker::Access::core(broker), std::move(options));
  if (!core.ok()) return std::move(core).status();
  return Consumer(*std::move(core));
}

absl::StatusOr<Consumer> Consumer::Assign(Broker& broker, std::span<const TopicPartition> partitions,
                                          ConsumerOptions options) {
  auto core = client::ConsumerCore::Assign(broker::Access::core(broker), partitions, std::move(options));
  if (!core.ok()) return std::move(core).status();
  return Consumer(*std::move(core));
}

Consumer::Consumer(std::shared_ptr<client::ConsumerCore> core) noexcept : core_(std::move(core)) {}

Consumer::~Consumer() { CloseIfOpen(); }

Consumer::Consumer(Consumer&& other) noexcept = default;

Consumer& Consumer::operator=(Consumer&& other) noexcept {
  if (this != &other) {
    CloseIfOpen();
    core_ = std::move(other.core_);
  }
  return *this;
}

void Consumer::CloseIfOpen() noexcept {
  // What could not be committed is read again.
  if (core_ != nullptr) core_->Close(false).IgnoreError();
}

absl::StatusOr<ConsumerRecords> Consumer::Poll(std::chrono::nanoseconds timeout, std::stop_token stop) {
  return core_->Poll(timeout, std::move(stop));
}

void Consumer::Wakeup() noexcept { core_->Wakeup(); }

absl::StatusOr<int> Consumer::ReadyDescriptor() { return core_->ReadyDescriptor(); }

void Consumer::OnRecords(Executor& executor, RecordsCallback callback, std::stop_token stop) {
  core_->OnRecords(executor, std::move(callback), std::move(stop));
}

Awaitable<absl::StatusOr<ConsumerRecords>> Consumer::PollAsync(Executor& executor, std::chrono::nanoseconds timeout,
                                                               std::stop_token stop) {
  return core_->PollAsync(executor, timeout, std::move(stop));
}

absl::Status Consumer::Seek(const TopicPartition& partition, int64_t offset) { return core_->Seek(partition, offset); }

absl::Status Consumer::SeekToBeginning() { return core_->SeekToBeginning(); }

absl::Status Consumer::SeekToEnd() { return core_->SeekToEnd(); }

absl::Status Consumer::SeekToTime(Timestamp timestamp) { return core_->SeekToTime(timestamp); }

absl::StatusOr<int64_t> Consumer::Position(const TopicPartition& partition) const { return core_->Position(partition); }

absl::Status Consumer::Pause(std::span<const TopicPartition> partitions) { return core_->SetPaused(partitions, true); }

absl::Status Consumer::Resume(std::span<const TopicPartition> partitions) {
  return core_->SetPaused(partitions, false);
}

std::vector<TopicPartition> Consumer::Assignment() const { return core_->Assignment(); }

absl::StatusOr<int64_t> Consumer::Lag(const TopicPartition& partition) const { return core_->Lag(partition); }

absl::StatusOr<int64_t> Consumer::Lag() const { return core_->Lag(); }

absl::Status Consumer::Commit() {
  const absl::StatusOr<Receipt> receipt = core_->Commit();
  return receipt.ok() ? receipt->Wait() : receipt.status();
}

absl::Status Consumer::Commit(const Offsets& offsets) {
  const absl::StatusOr<Receipt> receipt = core_->Commit(offsets);
  return receipt.ok() ? receipt->Wait() : receipt.status();
}

absl::StatusOr<Receipt> Consumer::CommitAsync() { return core_->Commit(); }

absl::StatusOr<Receipt> Consumer::CommitAsync(const Offsets& offsets) { return core_->Commit(offsets); }

absl::StatusOr<std::optional<int64_t>> Consumer::Committed(const TopicPartition& partition) const {
  return core_->Committed(partition);
}

absl::Status Consumer::Close() { return core_->Close(true); }

}  // namespace moldau
