#include "client/producer_core.h"

#include "base/status_builder.h"
#include "broker/environment.h"
#include "broker/topic_state.h"
#include "client/producer_options.h"

namespace moldau::client {
namespace {

BatchPool::Limits PoolLimits(const ProducerOptions& options) {
  const bool grows = options.back_pressure == BackPressure::kGrow;
  return {.buffer_bytes = options.batch_size_bytes,
          .total_bytes = grows ? options.max_buffer_memory_bytes : options.buffer_memory_bytes};
}

}  // namespace

std::shared_ptr<ProducerCore> ProducerCore::Make(std::shared_ptr<broker::Core> broker, ProducerOptions options) {
  std::shared_ptr<ProducerCore> core(new ProducerCore(std::move(broker), std::move(options)));
  core->broker_->AddLastCallWaker(core.get());
  if (core->broker_->closing()) core->Wake();
  return core;
}

ProducerCore::ProducerCore(std::shared_ptr<broker::Core> broker, ProducerOptions options)
    : broker_(std::move(broker)),
      options_(std::move(options)),
      options_status_(Validate(options_)),
      executor_(broker_->environment().executor()),
      pool_(*this, PoolLimits(options_), broker_->environment().memory()),
      tasks_(executor_),
      linger_(tasks_, options_.linger),
      random_(broker_->environment().NewRandom()) {}

// Nothing of it is on its way any more. Ids that it has had before stay away: who knows what a partition makes of them.
ProducerCore::~ProducerCore() {
  const base::MutexLock lock(producer_id_mutex_);
  if (producer_id_) broker_->producer_ids().GiveBack(*producer_id_);
}

// --- topics ---

absl::StatusOr<ProducerTopic*> ProducerCore::FindTopic(std::string_view name) {
  MOLDAU_RETURN_IF_ERROR(options_status_);
  {
    const base::MutexLock lock(topics_mutex_);
    if (!stopped_.ok()) return stopped_;
    if (const auto it = topics_.find(name); it != topics_.end() && !it->second->state()->deleting()) {
      last_topic_.store(it->second, std::memory_order_release);
      return it->second;
    }
  }
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<broker::TopicState> state, broker_->FindTopic(name));
  return FindTopic(state);
}

absl::StatusOr<ProducerTopic*> ProducerCore::FindTopic(const std::shared_ptr<broker::TopicState>& state) {
  MOLDAU_RETURN_IF_ERROR(options_status_);
  const std::string& name = state->info().name;
  if (state->info().environment != broker_->shared_environment()) {
    return base::Error(absl::StatusCode::kInvalidArgument, "topic %s: belongs to another broker", name);
  }
  if (state->deleting()) {
    return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition, "topic %s: has been deleted",
                       name);
  }
  const base::MutexLock lock(topics_mutex_);
  if (!stopped_.ok()) return stopped_;
  ProducerTopic*& topic = topics_[name];
  if (topic == nullptr || topic->state() != state) {
    topic = all_topics_.emplace_back(std::make_unique<ProducerTopic>(*this, state, random_.Next())).get();
  }
  last_topic_.store(topic, std::memory_order_release);
  return topic;
}

absl::StatusOr<coordinator::ProducerIdentity> ProducerCore::ProducerId() {
  if (!options_.enable_idempotence) return coordinator::ProducerIdentity();
  const base::MutexLock lock(producer_id_mutex_);
  if (!producer_id_) {
    MOLDAU_ASSIGN_OR_RETURN(producer_id_, broker_->producer_ids().Next());
  }
  return *producer_id_;
}

absl::StatusOr<coordinator::ProducerIdentity> ProducerCore::NewProducerId() {
  const base::MutexLock lock(producer_id_mutex_);
  MOLDAU_ASSIGN_OR_RETURN(producer_id_, broker_->producer_ids().Next());
  return *producer_id_;
}

void ProducerCore::Forget(const ProducerTopic& topic) {
  {
    // Should the partitions be the same after all, senders that begin to count anew must not be taken for the old ones.
    const base::MutexLock lock(producer_id_mutex_);
    producer_id_.reset();
  }
  const base::MutexLock lock(topics_mutex_);
  const auto it = topics_.find(topic.name());
  if (it == topics_.end() || it->second != &topic) return;
  topics_.erase(it);
  last_topic_.store(nullptr, std::memory_order_release);
}

std::vector<ProducerTopic*> ProducerCore::Topics() {
  std::vector<ProducerTopic*> topics;
  const base::MutexLock lock(topics_mutex_);
  for (const auto& topic : all_topics_) topics.push_back(topic.get());
  return topics;
}

// --- memory ---

absl::StatusOr<ProducerBatch*> ProducerCore::Acquire(size_t bytes, bool may_wait) {
  MOLDAU_RETURN_IF_ERROR(CheckProcess());
  const bool blocks = may_wait && options_.back_pressure == BackPressure::kBlock;
  MonoTime deadline = MonoTime::zero();
  Reap();
  for (;;) {
    absl::Status full = pool_.Charge(bytes);
    const bool is_ours = !full.ok();
    if (!is_ours) {
      absl::StatusOr<ProducerBatch*> batch = pool_.Take(bytes);
      if (batch.ok()) return batch;
      full = std::move(batch).status();
    }
    if (Reap() || PushOldest()) continue;
    // When the broker's budget has room again nobody would tell us.
    if (!blocks || !is_ours) return full;
    if (deadline == MonoTime::zero()) deadline = DeadlineAfter(clock(), options_.max_block);
    MOLDAU_RETURN_IF_ERROR(WaitForMemory(bytes, deadline, std::move(full)));
  }
}

// Appends the batch that has been open for longest. False if there is none.
bool ProducerCore::PushOldest() {
  PartitionSender* const sender = linger_.TakeOldest();
  if (sender != nullptr) sender->PushIfOpenedBefore(kForever);
  return sender != nullptr;
}

absl::Status ProducerCore::WaitForMemory(size_t bytes, MonoTime deadline, absl::Status full) {
  const std::optional<Receipt> oldest = OldestInFlight();
  if (oldest) oldest->OnDone([event = pool_.event()](const absl::Status&) { event->Notify(); });
  const auto may_go_on = [&] {
    if (pool_.HasRoomFor(bytes) || closing_.load(std::memory_order_seq_cst)) return true;
    return oldest ? oldest->done() : OldestInFlight().has_value();
  };
  if (!executor_.WaitUntil(*pool_.event(), may_go_on, deadline)) return full;
  if (closing_.load(std::memory_order_seq_cst)) return absl::CancelledError("producer: closed");
  return absl::OkStatus();
}

void ProducerCore::GiveBack(ProducerBatch* batch) {
  pool_.TakeBackBuffer(batch);
  pool_.TakeBackCharge(batch->charge());
  batch->DropSenderReferences();
}

// --- what is under way ---

void ProducerCore::OnSettled(ProducerBatch* batch) {
  pool_.TakeBackBuffer(batch);
  if (batch->IsDone(0)) return OnDone(batch);
  batch->AddReference();
  {
    const base::SpinMutexLock lock(in_flight_mutex_);
    if (!abandoned_) {
      in_flight_.push_back(batch);
      batch = nullptr;
    }
  }
  if (batch != nullptr) batch->DropReference();
  pool_.event()->Notify();
}

void ProducerCore::OnDone(ProducerBatch* batch) {
  pool_.TakeBackCharge(batch->charge());
  const absl::Status status = batch->StatusOf(0);
  if (status.ok()) return;
  const base::SpinMutexLock lock(in_flight_mutex_);
  if (first_failure_.ok()) first_failure_ = status;
}

// Notes what has become durable, or failed, meanwhile. True if anything has.
bool ProducerCore::Reap() {
  for (bool any = false;; any = true) {
    ProducerBatch* batch;
    {
      const base::SpinMutexLock lock(in_flight_mutex_);
      if (in_flight_.empty() || !in_flight_.front()->IsDone(0)) return any;
      batch = in_flight_.front();
      in_flight_.pop_front();
    }
    OnDone(batch);
    batch->DropReference();
  }
}

// Lets go of what is not durable yet; its receipts learn from the log what becomes of it.
void ProducerCore::Abandon() {
  std::deque<ProducerBatch*> batches;
  {
    const base::SpinMutexLock lock(in_flight_mutex_);
    abandoned_ = true;
    batches.swap(in_flight_);
  }
  for (ProducerBatch* batch : batches) batch->DropReference();
}

std::optional<Receipt> ProducerCore::OldestInFlight() {
  const base::SpinMutexLock lock(in_flight_mutex_);
  if (in_flight_.empty()) return std::nullopt;
  in_flight_.front()->AddReference();
  return Receipt(in_flight_.front(), 0);
}

// Of the last batch of each partition that is not settled, and of all that are in flight.
std::vector<Receipt> ProducerCore::Unfinished() {
  std::vector<Receipt> receipts;
  for (ProducerTopic* topic : Topics()) {
    topic->ForEachSender([&](PartitionSender& sender) { receipts.push_back(sender.LastReceipt()); });
  }
  const base::SpinMutexLock lock(in_flight_mutex_);
  for (ProducerBatch* batch : in_flight_) {
    batch->AddReference();
    receipts.emplace_back(batch, 0);
  }
  return receipts;
}

void ProducerCore::PushAll() {
  for (ProducerTopic* topic : Topics()) topic->ForEachSender([](PartitionSender& sender) { sender.Push(); });
}

// Waits by callback: a thread that waits for a receipt may have to do the flush itself, and then no deadline would
// hold.
int64_t ProducerCore::CountUnfinishedAt(MonoTime deadline) {
  struct Waiting {
    std::atomic<int64_t> open{0};
    base::EventCount event;
  };
  const auto waiting = std::make_shared<Waiting>();
  for (const Receipt& receipt : Unfinished()) {
    if (receipt.done()) continue;
    waiting->open.fetch_add(1, std::memory_order_seq_cst);
    receipt.OnDone([waiting](const absl::Status&) {
      waiting->open.fetch_sub(1, std::memory_order_seq_cst);
      waiting->event.Notify();
    });
  }
  executor_.WaitUntil(
      waiting->event, [&] { return waiting->open.load(std::memory_order_seq_cst) == 0; }, deadline);
  return waiting->open.load(std::memory_order_seq_cst);
}

absl::Status ProducerCore::Flush(std::chrono::nanoseconds timeout) {
  MOLDAU_RETURN_IF_ERROR(options_status_);
  MOLDAU_RETURN_IF_ERROR(CheckProcess());
  const MonoTime deadline = DeadlineAfter(clock(), timeout);
  PushAll();
  const int64_t unfinished = CountUnfinishedAt(deadline);
  Reap();  // where failures are noted
  if (unfinished > 0) {
    return base::Error(absl::StatusCode::kDeadlineExceeded, ErrorCode::kRequestTimedOut,
                       "producer: %d batches were still under way after the timeout", unfinished);
  }
  const base::SpinMutexLock lock(in_flight_mutex_);
  return std::exchange(first_failure_, absl::OkStatus());
}

void ProducerCore::PostCallbacks(Receipt receipt, std::vector<ProducerBatch::Callback> callbacks) {
  {
    const base::MutexLock lock(callbacks_mutex_);
    callbacks_.emplace_back(std::move(receipt), std::move(callbacks));
  }
  if (!Post([this] { RunCallbacks(); })) RunCallbacks();
}

void ProducerCore::RunCallbacks() {
  const std::shared_ptr<ProducerCore> self = shared_from_this();  // a callback may drop the producer
  for (;;) {
    std::pair<Receipt, std::vector<ProducerBatch::Callback>> next;
    {
      const base::MutexLock lock(callbacks_mutex_);
      if (callbacks_.empty()) return;
      next = std::move(callbacks_.front());
      callbacks_.pop_front();
    }
    for (ProducerBatch::Callback& callback : next.second) next.first.OnDone(std::move(callback));
  }
}

// --- the end ---

// The broker's last call: what was sent goes into the logs before they are closed.
void ProducerCore::Wake() noexcept {
  Stop(absl::CancelledError("producer: the broker was closed"), false);
  PushAll();
}

void ProducerCore::Stop(const absl::Status& why, bool cancel) {
  {
    const base::MutexLock lock(topics_mutex_);
    stopped_ = why;
  }
  for (ProducerTopic* topic : Topics()) topic->Stop(why, cancel);
}

absl::Status ProducerCore::Close(std::chrono::nanoseconds timeout) {
  const MonoTime deadline = DeadlineAfter(clock(), timeout);
  if (closing_.exchange(true, std::memory_order_seq_cst)) {
    const auto closed = [this] { return closed_.load(std::memory_order_seq_cst); };
    if (executor_.WaitUntil(closed_event_, closed, deadline)) return close_status_;
    return absl::DeadlineExceededError("producer: another thread has not finished closing it");
  }
  const absl::Status cancelled = absl::CancelledError("producer: closed");
  Stop(cancelled, false);
  pool_.event()->Wake();
  if (options_status_.ok()) close_status_ = Flush(timeout);
  broker_->RemoveLastCallWaker(this);
  Stop(cancelled, true);
  PushAll();
  tasks_.Close();
  RunCallbacks();
  Abandon();
  closed_.store(true, std::memory_order_seq_cst);
  closed_event_.Notify();
  return close_status_;
}

}  // namespace moldau::client
