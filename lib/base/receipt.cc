#include "moldau/receipt.h"

namespace moldau {

absl::Status Receipt::status() const {
  if (source_ == nullptr) return absl::OkStatus();
  if (!source_->IsDone(token_)) return absl::UnavailableError("receipt: the outcome is still open");
  return source_->StatusOf(token_);
}

absl::Status Receipt::Wait(std::chrono::nanoseconds timeout) const {
  return source_ == nullptr ? absl::OkStatus() : source_->Wait(token_, timeout);
}

void Receipt::OnDone(absl::AnyInvocable<void(const absl::Status&) &&> callback) const {
  if (source_ != nullptr) {
    source_->OnDone(token_, std::move(callback));
  } else {
    std::move(callback)(absl::OkStatus());
  }
}

}  // namespace moldau
