#include "moldau/producer.h"

#include <utility>

#include "broker/access.h"
#include "client/producer_core.h"
#include "client/producer_options.h"

namespace moldau {

absl::StatusOr<Producer> Producer::Open(Broker& broker, ProducerOptions options) {
  if (absl::Status status = client::Validate(options); !status.ok()) return status;
  return Producer(broker, std::move(options));
}

Producer::Producer(Broker& broker, ProducerOptions options)
    : core_(client::ProducerCore::Make(broker::Access::core(broker), std::move(options))) {}

Producer::~Producer() { CloseIfOpen(); }

Producer::Producer(Producer&& other) noexcept = default;

Producer& Producer::operator=(Producer&& other) noexcept {
  if (this != &other) {
    CloseIfOpen();
    core_ = std::move(other.core_);
  }
  return *this;
}

void Producer::CloseIfOpen() noexcept {
  // Nobody is there to hear the status; receipts tell what became of their records.
  if (core_ != nullptr) core_->Close(core_->options().close_timeout).IgnoreError();
}

absl::StatusOr<Receipt> Producer::Send(std::string_view topic, const Record& record) {
  return core_->Send(topic, record, true);
}

absl::StatusOr<Receipt> Producer::Send(const Topic& topic, const Record& record) {
  return core_->Send(broker::Access::state(topic), record, true);
}

absl::StatusOr<Receipt> Producer::TrySend(std::string_view topic, const Record& record) {
  return core_->Send(topic, record, false);
}

absl::StatusOr<Receipt> Producer::TrySend(const Topic& topic, const Record& record) {
  return core_->Send(broker::Access::state(topic), record, false);
}

absl::Status Producer::Flush(std::chrono::nanoseconds timeout) { return core_->Flush(timeout); }

absl::Status Producer::Close(std::chrono::nanoseconds timeout) { return core_->Close(timeout); }

}  // namespace moldau
