#include "client/queue_core.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_builder.h"
#include "broker/internal_topics.h"
#include "client/problems.h"
#include "coordinator/share_time.h"
#include "metadata/topic_config.h"

namespace moldau::client {
namespace {

constexpr int kMostDeliveries = 32766;  // a count is kept in two bytes
// Records of a partition that are not done, with what is done between them: what is known of them is one record.
constexpr size_t kMostUndone = 200'000;
// What the headers of a dead letter take at most, with the names in them.
constexpr int64_t kDeadLetterBytes = 64 << 10;

absl::Status Validate(std::string_view name, const QueueOptions& options) {
  Problems problems("queue options");
  problems.Unless(options.max_deliveries >= 0 && options.max_deliveries <= kMostDeliveries,
                  "max_deliveries is %d, must be between 0 and %d", options.max_deliveries, kMostDeliveries);
  problems.Unless(options.lock_duration.count() > 0, "lock_duration is %d ms, must be at least 1",
                  options.lock_duration.count());
  const RedeliveryDelay& delay = options.redelivery_delay;
  problems.Unless(delay.initial.count() >= 0, "redelivery_delay.initial is %d ms, must be at least 0",
                  delay.initial.count());
  problems.Unless(delay.growth >= 1, "redelivery_delay.growth is %g, must be at least 1", delay.growth);
  problems.Unless(delay.max >= delay.initial, "redelivery_delay.max is %d ms, less than initial", delay.max.count());
  problems.Unless(options.max_in_flight > 0, "max_in_flight is 0");
  problems.Unless(options.max_waiting > 0, "max_waiting is 0");
  problems.Unless(options.wait <= WaitStrategy::kSpin, "wait is %d, must be 0 to 2", static_cast<int>(options.wait));
  problems.Unless(
      std::min(options.max_in_flight, kMostUndone) + std::min(options.max_waiting, kMostUndone) <= kMostUndone,
      "max_in_flight and max_waiting are %d and %d, must be at most %d together", options.max_in_flight,
      options.max_waiting, kMostUndone);
  problems.Unless(options.auto_offset_reset < OffsetReset::kNone, "auto_offset_reset is %d, must be 0 or 1",
                  static_cast<int>(options.auto_offset_reset));
  const std::string_view source = options.topic.empty() ? name : std::string_view(options.topic);
  problems.Unless(options.dead_letter != source, "dead_letter is the queue's own topic");
  problems.Unless(!broker::IsInternalTopic(options.dead_letter), "dead_letter is %s, which moldau keeps for itself",
                  options.dead_letter);
  problems.Unless(options.topic.empty() || (!options.partitions && !options.durability),
                  "partitions and durability are for a topic of the queue's own");
  return problems.status();
}

bool IsTrimmed(const broker::TopicState& topic) {
  const TopicConfig config = topic.config();
  const auto trim = config.find(metadata::kQueueTrimConfig);
  return trim != config.end() && trim->second == "true";
}

}  // namespace

QueueCore::QueueCore(std::shared_ptr<broker::Core> broker, std::string_view name, QueueOptions options,
                     Producer producer)
    : broker_(std::move(broker)),
      name_(name),
      options_(std::move(options)),
      producer_(std::move(producer)),
      age_meter_(broker_->environment()),
      partitions_(std::make_shared<const Partitions>()),
      readiness_(broker_->environment().executor()) {}

QueueCore::~QueueCore() {
  Close(/*commit=*/false).IgnoreError();  // what fails is what somebody else gets next
}

absl::StatusOr<std::shared_ptr<QueueCore>> QueueCore::Open(std::shared_ptr<broker::Core> broker, std::string_view name,
                                                           QueueOptions options, Producer producer) {
  MOLDAU_RETURN_IF_ERROR(Validate(name, options));
  MOLDAU_RETURN_IF_ERROR(broker->CheckOpen());
  std::shared_ptr<QueueCore> core(new QueueCore(std::move(broker), name, std::move(options), std::move(producer)));
  MOLDAU_RETURN_IF_ERROR(core->OpenTopic());
  MOLDAU_RETURN_IF_ERROR(core->OpenDeadLetterTopic());
  MOLDAU_RETURN_IF_ERROR(core->AllPartitions().status());
  return core;
}

// --- topics ---

absl::Status QueueCore::OpenTopic() {
  if (!options_.topic.empty()) {
    MOLDAU_ASSIGN_OR_RETURN(topic_, broker_->FindTopic(options_.topic));
    owns_topic_ = IsTrimmed(*topic_) && options_.topic == name_;
    if (!IsTrimmed(*topic_) || owns_topic_) return absl::OkStatus();
    return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kPolicyViolation,
                       "queue %s: topic %s belongs to the queue of that name, which removes what is done", name_,
                       options_.topic);
  }
  owns_topic_ = true;
  if (broker_->FindTopic(name_).ok()) {
    MOLDAU_ASSIGN_OR_RETURN(
        topic_, broker_->OpenTopic(name_, {.partitions = options_.partitions, .durability = options_.durability}));
  } else {
    MOLDAU_ASSIGN_OR_RETURN(topic_,
                            broker_->OpenTopic(name_, {.partitions = options_.partitions,
                                                       .durability = options_.durability,
                                                       .config = {{std::string(metadata::kQueueTrimConfig), "true"},
                                                                  {"retention.bytes", "-1"},
                                                                  {"retention.ms", "-1"}}}));
  }
  if (IsTrimmed(*topic_)) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kTopicAlreadyExists,
                     "queue %s: there is a topic of that name that is not the queue's own (%s is not true); name it in "
                     "QueueOptions::topic to share it",
                     name_, metadata::kQueueTrimConfig);
}

absl::Status QueueCore::OpenDeadLetterTopic() {
  if (options_.dead_letter.empty() || broker_->FindTopic(options_.dead_letter).ok()) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(const log::LogConfig source,
                          metadata::ResolveTopicConfig(absl::StrFormat("topic %s", topic()), topic_->config(),
                                                       broker_->environment().options().topic_defaults));
  // What the source took must find room together with what is said about its end.
  const int64_t bytes = std::min<int64_t>(source.max_message_bytes + kDeadLetterBytes, INT32_MAX);
  return broker_
      ->OpenTopic(options_.dead_letter,
                  {.partitions = topic_->partition_count(),
                   .config = {{std::string(metadata::kMaxMessageBytesConfig), std::to_string(bytes)}}})
      .status();
}

coordinator::ShareOptions QueueCore::ForPartitions() const {
  return {.window = {.max_deliveries = options_.max_deliveries,
                     .dead_letters = !options_.dead_letter.empty(),
                     .ordered = options_.ordered,
                     .max_in_flight = options_.max_in_flight,
                     .max_waiting = options_.max_waiting,
                     .delay = coordinator::ToWait(options_.redelivery_delay.initial),
                     .delay_growth = options_.redelivery_delay.growth,
                     .max_delay = coordinator::ToWait(options_.redelivery_delay.max)},
          .dead_letter = options_.dead_letter,
          .trims_source = owns_topic_,
          .flushes = broker_->environment().options().queue_state_durability == Durability::kFlushed};
}

absl::StatusOr<std::shared_ptr<const QueueCore::Partitions>> QueueCore::AllPartitions() {
  base::MutexLock lock(mutex_);
  const auto known = static_cast<int32_t>(partitions_->size());
  const int32_t count = topic_->partition_count();
  if (known == count) [[likely]]
    return partitions_;
  MOLDAU_RETURN_IF_ERROR(CheckUsable());
  // Nothing in partitions that are added while the queue is open is missed.
  const bool from_latest = known == 0 && options_.auto_offset_reset == OffsetReset::kLatest;
  MOLDAU_ASSIGN_OR_RETURN(
      coordinator::ShareCoordinator::Joined joined,
      broker_->queues().Open(name_, topic_->info().name, known, count, ForPartitions(), from_latest));
  auto more = std::make_shared<Partitions>(*partitions_);
  for (auto& partition : joined) {
    if (partition.ok()) {
      more->open.push_back(*std::move(partition));
    } else {
      more->refused.push_back(std::move(partition).status());
    }
  }
  if (more->open.empty()) return more->refused.front();
  partitions_ = std::move(more);
  return partitions_;
}

// --- the rest ---

absl::Status QueueCore::CheckUsable() const {
  MOLDAU_RETURN_IF_ERROR(broker_->CheckOpen());
  if (!closed_.load(std::memory_order_seq_cst)) return absl::OkStatus();
  return base::Error(absl::StatusCode::kCancelled, "queue %s: closed", name_);
}

absl::Status QueueCore::Commit() {
  MOLDAU_RETURN_IF_ERROR(CheckUsable());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<const Partitions> partitions, AllPartitions());
  absl::Status first;
  for (const auto& partition : partitions->open) first.Update(partition->Commit());
  return first;
}

absl::StatusOr<Receipt> QueueCore::Send(const Record& record, std::optional<Timestamp> not_before) {
  MOLDAU_RETURN_IF_ERROR(CheckUsable());
  if (!not_before) return producer_.Send(topic(), record);
  const std::string time = std::to_string(not_before->time_since_epoch().count());
  // In place of the time of a record that is passed on.
  std::vector<Header> headers;
  std::ranges::copy_if(record.headers, std::back_inserter(headers),
                       [](const Header& header) { return header.key != kNotBeforeHeader; });
  headers.push_back({.key = kNotBeforeHeader, .value = time});
  Record scheduled = record;
  scheduled.headers = headers;
  return producer_.Send(topic(), scheduled);
}

absl::StatusOr<QueueDescription> QueueCore::Describe() {
  MOLDAU_RETURN_IF_ERROR(CheckUsable());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<const Partitions> partitions, AllPartitions());
  QueueDescription description;
  for (const auto& partition : partitions->open) {
    const coordinator::ShareStatistics statistics = partition->Statistics();
    description.depth += partition->log().high_watermark() - statistics.start_offset;
    description.in_flight += static_cast<int64_t>(statistics.in_flight);
    description.waiting += static_cast<int64_t>(statistics.waiting);
    description.redeliveries += statistics.redeliveries;
    description.dead_letters += statistics.dead_letters;
  }
  return description;
}

absl::Status QueueCore::Close(bool commit) {
  const absl::Status committed = commit && CheckUsable().ok() ? Commit() : absl::OkStatus();
  if (closed_.exchange(true, std::memory_order_seq_cst)) return absl::OkStatus();
  event_.Wake();
  readiness_.Close();
  if (broker_->environment().in_child()) return broker_->environment().CheckProcess();
  producer_.Close().IgnoreError();  // receipts tell
  DropIdleWatch();
  base::MutexLock lock(mutex_);
  for (const auto& partition : partitions_->open) partition->Leave();
  return committed;
}

}  // namespace moldau::client
