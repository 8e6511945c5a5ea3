#include "coordinator/producer_ids.h"

#include <limits>

#include "base/status_builder.h"

namespace moldau::coordinator {
namespace {

// Kafka keeps the last one for shutting a producer out.
constexpr int16_t kLastEpoch = std::numeric_limits<int16_t>::max() - 1;

}  // namespace

absl::StatusOr<ProducerIdentity> ProducerIds::Next() {
  {
    base::MutexLock lock(given_back_mutex_);
    if (!given_back_.empty()) {
      const ProducerIdentity last = given_back_.back();
      given_back_.pop_back();
      return ProducerIdentity{last.id, static_cast<int16_t>(last.epoch + 1)};
    }
  }
  base::MutexLock lock(mutex_);
  if (next_ == block_end_) {
    MOLDAU_ASSIGN_OR_RETURN(next_, take_block_());
    block_end_ = next_ + kProducerIdBlock;
  }
  return ProducerIdentity{next_++, 0};
}

void ProducerIds::GiveBack(ProducerIdentity producer) {
  if (producer.id < 0 || producer.epoch >= kLastEpoch) return;
  base::MutexLock lock(given_back_mutex_);
  given_back_.push_back(producer);
}

}  // namespace moldau::coordinator
