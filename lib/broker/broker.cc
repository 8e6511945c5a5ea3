#include "moldau/broker.h"

#include <utility>

#include "base/status_builder.h"
#include "broker/access.h"
#include "broker/core.h"

namespace moldau {
namespace {

absl::StatusOr<Topic> ToTopic(absl::StatusOr<std::shared_ptr<broker::TopicState>> state) {
  if (!state.ok()) return std::move(state).status();
  return broker::Access::MakeTopic(*std::move(state));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Broker>> Broker::Open(BrokerOptions options) {
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<broker::Core> core, broker::Core::Open(std::move(options)));
  return std::unique_ptr<Broker>(new Broker(std::move(core)));
}

Broker::Broker(std::shared_ptr<broker::Core> core) noexcept : core_(std::move(core)) {}

Broker::~Broker() {
  if (core_->environment().in_child()) {
    // Everything in it belongs to the parent, which goes on using it: the lock, the files, the threads.
    new std::shared_ptr<broker::Core>(std::move(core_));
    return;
  }
  const absl::Status closed = core_->Close(kForever);
  if (!closed.ok()) {
    core_->environment().logger().Error("broker.close", "%s", std::string(closed.message()));
  }
}

absl::StatusOr<Topic> Broker::CreateTopic(std::string_view name, const TopicOptions& options) {
  return ToTopic(core_->CreateTopic(name, options));
}

absl::StatusOr<Topic> Broker::OpenTopic(std::string_view name, const TopicOptions& options) {
  return ToTopic(core_->OpenTopic(name, options));
}

absl::StatusOr<Topic> Broker::FindTopic(std::string_view name) const { return ToTopic(core_->FindTopic(name)); }

absl::StatusOr<TopicDescription> Broker::DescribeTopic(std::string_view name) const {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<broker::TopicState> topic, core_->FindTopic(name));
  return topic->Describe();
}

std::vector<std::string> Broker::ListTopics(bool with_internal) const { return core_->ListTopics(with_internal); }

absl::Status Broker::DeleteTopic(std::string_view name) { return core_->DeleteTopic(name); }

absl::Status Broker::AlterTopicConfig(std::string_view name,
                                      const std::map<std::string, std::optional<std::string>>& changes) {
  return core_->AlterTopicConfig(name, changes);
}

absl::Status Broker::AddPartitions(std::string_view name, int32_t total) { return core_->AddPartitions(name, total); }

absl::StatusOr<std::map<TopicPartition, absl::StatusOr<int64_t>>> Broker::DeleteRecords(
    const std::map<TopicPartition, int64_t>& before) {
  return core_->DeleteRecords(before);
}

const Uuid& Broker::cluster_id() const noexcept { return core_->cluster_id(); }

const RecoverySummary& Broker::recovery() const noexcept { return core_->recovery(); }

const std::string& Broker::data_dir() const noexcept { return core_->environment().options().data_dir; }

MetricsSnapshot Broker::Metrics(bool with_internal) const { return core_->Metrics(with_internal); }

absl::Status Broker::Flush() { return core_->Flush(); }

std::chrono::nanoseconds Broker::Poll(int max_tasks) {
  ManualExecutor* const executor = core_->environment().manual_executor();
  if (executor == nullptr) return kForever;
  executor->Poll(max_tasks);
  const MonoTime due = executor->NextDue();
  if (due == kForever) return kForever;
  return std::max(due - executor->clock().Now(), MonoTime::zero());
}

absl::Status Broker::Close(std::chrono::nanoseconds timeout) { return core_->Close(timeout); }

}  // namespace moldau
