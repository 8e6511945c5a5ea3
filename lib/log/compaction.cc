#include "log/compaction.h"

#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "record/decoded_batch.h"

namespace moldau::log {
namespace {

// The segments of a group are held open until they are replaced.
constexpr size_t kMostInGroup = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<Compaction>> Compaction::Begin(const LogEnvironment& environment, std::string directory,
                                                              CompactionPlan plan) {
  plan.key_bytes = KeyOffsets::BytesFor(static_cast<size_t>(plan.end - plan.first_dirty), plan.key_bytes);
  MOLDAU_ASSIGN_OR_RETURN(base::MemoryBudget::Reservation memory,
                          environment.memory->TryReserve(plan.key_bytes, "keys of a compaction"));
  return std::unique_ptr<Compaction>(
      new Compaction(environment, std::move(directory), std::move(plan), std::move(memory)));
}

Compaction::Compaction(const LogEnvironment& environment, std::string directory, CompactionPlan plan,
                       base::MemoryBudget::Reservation memory)
    : environment_(environment),
      directory_(std::move(directory)),
      plan_(std::move(plan)),
      memory_(std::move(memory)),
      latest_(static_cast<size_t>(plan_.end - plan_.first_dirty), plan_.key_bytes, plan_.secret) {
  while (at_ < plan_.segments.size() && plan_.segments[at_]->end_offset() <= plan_.first_dirty) ++at_;
}

absl::StatusOr<Compaction::State> Compaction::Step(size_t max_bytes) {
  if (filter_) return Rewrite(max_bytes);
  MOLDAU_ASSIGN_OR_RETURN(const bool noted, NoteKeys(max_bytes));
  if (noted) BeginRewriting();
  return State::kGoesOn;
}

// --- the keys of the dirty part ---

// True when there are no more, or no room for more: the run then ends where that was.
absl::StatusOr<bool> Compaction::NoteKeys(size_t max_bytes) {
  for (size_t read = 0; read < max_bytes;) {
    if (!reader_) {
      if (at_ == plan_.segments.size()) return true;
      MOLDAU_ASSIGN_OR_RETURN(reader_, SegmentReader::Open(plan_.segments[at_++]));
    }
    MOLDAU_ASSIGN_OR_RETURN(const record::BatchView batch, reader_->Next(plan_.epochs));
    if (batch.empty()) {
      reader_.reset();
      continue;
    }
    read += batch.size_in_bytes();
    if (batch.last_offset() < plan_.first_dirty || batch.is_control()) continue;
    MOLDAU_ASSIGN_OR_RETURN(const bool fits, NoteKeysOf(batch));
    if (!fits) return true;
  }
  return false;
}

absl::StatusOr<bool> Compaction::NoteKeysOf(const record::BatchView& batch) {
  MOLDAU_ASSIGN_OR_RETURN(const record::DecodedBatch decoded, record::DecodedBatch::Decode(batch, {}, unpacked_));
  for (const record::RecordView& record : decoded.records()) {
    if (!record.has_key() || latest_.Put(record.key(), record.offset())) continue;
    plan_.end = record.offset();
    return false;
  }
  return true;
}

// --- writing anew ---

void Compaction::BeginRewriting() {
  reader_.reset();
  at_ = 0;
  std::erase_if(plan_.segments, [this](const auto& segment) { return segment->base_offset() >= plan_.end; });
  filter_.emplace(
      latest_, FilterRules{.end = plan_.end, .now_ms = plan_.now_ms, .delete_retention_ms = plan_.delete_retention_ms});
}

// Goes on with the next segment: in the group at hand, if what it holds is sure to fit behind what is left of the
// others. False if there is none, or it begins a group of its own.
absl::StatusOr<bool> Compaction::EnterSegment() {
  if (at_ == plan_.segments.size()) return false;
  const std::shared_ptr<Segment>& segment = plan_.segments[at_];
  if (output_ != nullptr) {
    const bool fits = output_->size() + segment->published().position <= plan_.segment_bytes;
    const bool in_range = segment->end_offset() - group_.front()->base_offset() <= kMaxRelative;
    if (!fits || !in_range || group_.size() == kMostInGroup) return false;
    changed_ = true;
  } else {
    MOLDAU_ASSIGN_OR_RETURN(output_, CompactedSegment::Create(environment_, directory_, segment->base_offset(),
                                                              plan_.segment_bytes, plan_.index_interval_bytes));
    changed_ = false;
  }
  MOLDAU_ASSIGN_OR_RETURN(reader_, SegmentReader::Open(segment));
  pins_.push_back(reader_->pin());
  group_.push_back(segment);
  ++at_;
  return true;
}

absl::StatusOr<Compaction::State> Compaction::Rewrite(size_t max_bytes) {
  for (size_t read = 0; read < max_bytes;) {
    if (!reader_) {
      MOLDAU_ASSIGN_OR_RETURN(const bool entered, EnterSegment());
      if (!entered) return group_.empty() ? State::kDone : FinishGroup();
    }
    MOLDAU_ASSIGN_OR_RETURN(const record::BatchView batch, reader_->Next(plan_.epochs));
    if (batch.empty()) {
      reader_.reset();
      continue;
    }
    read += batch.size_in_bytes();
    MOLDAU_RETURN_IF_ERROR(RewriteBatch(batch));
  }
  return State::kGoesOn;
}

absl::Status Compaction::RewriteBatch(const record::BatchView& batch) {
  const bool is_last_of_producer = TellsWhereItsProducerStands(batch);
  const bool is_fixed = is_last_of_producer || batch.is_control() || batch.is_transactional();
  if (is_last_of_producer && batch.record_count() == 0) return output_->Keep(batch.bytes(), true);
  MOLDAU_ASSIGN_OR_RETURN(const std::span<const std::byte> left, filter_->Filter(batch));
  changed_ |= left.data() != batch.data();
  return left.empty() ? output_->Drop(batch, is_last_of_producer) : output_->Keep(left, is_fixed);
}

bool Compaction::TellsWhereItsProducerStands(const record::BatchView& batch) const {
  if (!batch.has_producer_id()) return false;
  const auto found = std::lower_bound(plan_.producers.begin(), plan_.producers.end(), batch.producer_id(),
                                      [](const ProducerEntry& entry, int64_t id) { return entry.producer_id < id; });
  return found != plan_.producers.end() && found->producer_id == batch.producer_id() &&
         found->last_offset == batch.last_offset();
}

absl::StatusOr<Compaction::State> Compaction::FinishGroup() {
  if (!changed_) {
    GroupIsInPlace();
    return State::kGoesOn;
  }
  MOLDAU_ASSIGN_OR_RETURN(replacement_, output_->Finish());
  return State::kGroupReady;
}

void Compaction::GroupIsInPlace() {
  replacement_ = nullptr;
  output_ = nullptr;
  pins_.clear();
  group_.clear();
}

}  // namespace moldau::log
