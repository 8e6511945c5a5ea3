#include "coordinator/producer_ids.h"

#include "base/status_builder.h"

namespace moldau::coordinator {

absl::StatusOr<int64_t> ProducerIds::Next() {
  base::MutexLock lock(mutex_);
  if (next_ == block_end_) {
    MOLDAU_ASSIGN_OR_RETURN(next_, take_block_());
    block_end_ = next_ + kProducerIdBlock;
  }
  return next_++;
}

}  // namespace moldau::coordinator
