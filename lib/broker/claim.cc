#include <utility>

#include "base/status_builder.h"
#include "broker/partition_state.h"
#include "broker/with_log.h"
#include "moldau/partition.h"

namespace moldau {

absl::StatusOr<Partition::Claim> Partition::BeginClaim(std::optional<std::string_view> key, size_t value_bytes) {
  return broker::WithLog(*state_, [&](log::Log& log) -> absl::StatusOr<Claim> {
    MOLDAU_ASSIGN_OR_RETURN(log::Log::Claim claim, log.BeginClaim(key, value_bytes));
    const std::span<std::byte> value = claim.value();
    state_->KeepClaim(std::move(claim));
    return Claim(state_, value);
  });
}

Partition::Claim::Claim(std::shared_ptr<broker::PartitionState> state, std::span<std::byte> value) noexcept
    : state_(std::move(state)), value_(value) {}

Partition::Claim::Claim(Claim&& other) noexcept = default;

Partition::Claim::~Claim() { Abort(); }

absl::StatusOr<Receipt> Partition::Claim::Commit() {
  if (state_ == nullptr) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "claim: was committed or given back before");
  }
  const std::shared_ptr<broker::PartitionState> state = std::move(state_);
  // First, so that the end of the log is given back whatever follows.
  std::optional<log::Log::Claim> claim = state->TakeClaim(value_);
  if (!claim) return absl::CancelledError("claim: was taken back");
  return broker::WithLog(*state, [&](log::Log& log) -> absl::StatusOr<Receipt> {
    MOLDAU_ASSIGN_OR_RETURN(const log::AppendResult appended, claim->Commit());
    return log.MakeReceipt(appended);
  });
}

void Partition::Claim::Abort() {
  if (state_ == nullptr) return;
  const std::shared_ptr<broker::PartitionState> state = std::move(state_);
  // In a forked child the slot is not there, and the log is the parent's.
  if (state->environment().in_child()) return;
  if (std::optional<log::Log::Claim> claim = state->TakeClaim(value_)) claim->Abort();
}

}  // namespace moldau
