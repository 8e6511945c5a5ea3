// One partition as a consumer reads it: where it stands, what it has fetched and not handed out, and how far its group
// has been told.
//
//     committed  <=  confirmed  <=  position  <=  fetched
//     |== committed ==|== done, to be committed ==|== handed out by the last Poll ==|== kept for the next one ==|
//
// (Seek moves the position anywhere.)
//
// Threads: one at a time.   Ownership: its consumer's; what it hands out pins the log by itself.
// Failure: as TailReader::Next.   Source: Kafka's consumer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/access.h"
#include "broker/partition_state.h"
#include "broker/topic_state.h"
#include "client/age_meter.h"
#include "moldau/consumer.h"
#include "moldau/consumer_records.h"
#include "moldau/partition.h"

namespace moldau::client {

class ConsumerPartition {
 public:
  ConsumerPartition(TopicPartition source, std::shared_ptr<const broker::TopicState> topic, Partition partition,
                    const ConsumerOptions& options)
      : source_(std::make_shared<const TopicPartition>(std::move(source))),
        topic_(std::move(topic)),
        partition_(std::move(partition)),
        options_(options),
        age_meter_(broker::Access::state(partition_)->environment()) {}

  [[nodiscard]] const TopicPartition& source() const noexcept { return *source_; }
  [[nodiscard]] Partition& partition() noexcept { return partition_; }
  [[nodiscard]] const Partition& partition() const noexcept { return partition_; }
  // Its topic was deleted. One that has the name now is another one: offsets mean nothing there.
  [[nodiscard]] bool is_gone() const noexcept { return topic_->deleting(); }

  // Where to begin: at what the group has committed, or else where `reset` says (kNone: nowhere, until somebody seeks).
  // If that cannot be told now, Fetch tries again.
  absl::Status Begin(std::optional<int64_t> committed, OffsetReset reset);

  struct Fetched {
    PartitionRecords records;
    size_t count = 0;  // of the records, if the number was limited
    size_t bytes = 0;  // that were read from the log for it
  };
  // The next records, at most `max_records`; nullopt if there is none now.
  absl::StatusOr<std::optional<Fetched>> Fetch(size_t max_records);

  // Forgets what was fetched.
  void Seek(int64_t offset);
  // Of the record that is handed out next; -1 if there is no way to tell (OffsetReset::kNone).
  [[nodiscard]] int64_t position() const noexcept { return position_; }

  bool paused = false;

  // The records before the position are done.
  void Confirm() noexcept { confirmed_ = position_; }
  // What a commit would tell the group; nullopt if it knows that already.
  [[nodiscard]] std::optional<int64_t> Uncommitted() const noexcept;
  void OnCommitted(int64_t offset) noexcept;

 private:
  // What was fetched and how far it has been handed out.
  struct Buffered {
    std::shared_ptr<const FetchedRecords> records;
    FetchedRecords::Iterator at;
  };

  absl::Status FindBeginning();
  absl::StatusOr<size_t> Refill();
  absl::StatusOr<FetchedRecords> ReadOn();
  absl::Status Reset(OffsetReset reset);
  [[nodiscard]] absl::Status NoPosition() const;
  absl::Status CheckCrcs(const FetchedRecords& records) const;
  Fetched TakeBuffered(size_t max_records);

  const std::shared_ptr<const TopicPartition> source_;
  const std::shared_ptr<const broker::TopicState> topic_;
  Partition partition_;
  const ConsumerOptions& options_;
  AgeMeter age_meter_;

  OffsetReset first_reset_ = OffsetReset::kNone;
  int64_t position_ = -1;
  int64_t confirmed_ = -1;
  std::optional<int64_t> committed_;
  std::optional<TailReader> reader_;  // stands where the buffered records end
  std::optional<Buffered> buffered_;
};

}  // namespace moldau::client
