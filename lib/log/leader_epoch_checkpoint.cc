#include "log/leader_epoch_checkpoint.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status_builder.h"
#include "log/text_checkpoint.h"
#include "log/whole_file.h"

namespace moldau::log {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;  // hundreds of thousands of epochs

// The first entry that starts behind `offset`.
auto FirstBehind(const std::vector<EpochEntry>& entries, int64_t offset) {
  return std::ranges::upper_bound(entries, offset, {}, &EpochEntry::start_offset);
}

absl::StatusOr<EpochEntry> ParseEntry(std::string_view line, size_t line_number) {
  const size_t space = line.find(' ');
  if (space != std::string_view::npos) {
    const auto epoch = ParseDecimal(line.substr(0, space), std::numeric_limits<int32_t>::max());
    const auto start = ParseDecimal(line.substr(space + 1), std::numeric_limits<int64_t>::max());
    if (epoch && start) return EpochEntry{static_cast<int32_t>(*epoch), *start};
  }
  return base::Error(absl::StatusCode::kDataLoss, "line %d: not an epoch and an offset", line_number);
}

}  // namespace

absl::StatusOr<LeaderEpochHistory> LeaderEpochHistory::FromEntries(std::vector<EpochEntry> entries) {
  EpochEntry previous = {-1, -1};
  for (const EpochEntry& entry : entries) {
    if (entry.epoch <= previous.epoch || entry.start_offset <= previous.start_offset) {
      return base::Error(absl::StatusCode::kInvalidArgument,
                         "leader epoch %d from offset %d cannot follow epoch %d from %d", entry.epoch,
                         entry.start_offset, previous.epoch, previous.start_offset);
    }
    previous = entry;
  }
  LeaderEpochHistory history;
  history.entries_ = std::move(entries);
  return history;
}

absl::StatusOr<bool> LeaderEpochHistory::Assign(int32_t epoch, int64_t start_offset) {
  if (epoch < 0 || start_offset < 0) {
    return base::Error(absl::StatusCode::kInvalidArgument, "leader epoch %d from offset %d: neither may be negative",
                       epoch, start_offset);
  }
  if (!entries_.empty() && epoch < entries_.back().epoch) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "leader epoch %d from offset %d is below the latest, %d",
                       epoch, start_offset, entries_.back().epoch);
  }
  if (!entries_.empty() && epoch == entries_.back().epoch) return false;
  TruncateSuffix(start_offset);
  entries_.push_back({epoch, start_offset});
  return true;
}

std::optional<int32_t> LeaderEpochHistory::EpochFor(int64_t offset) const {
  const auto behind = FirstBehind(entries_, offset);
  if (behind == entries_.begin()) return std::nullopt;
  return std::prev(behind)->epoch;
}

std::optional<EpochEndOffset> LeaderEpochHistory::EndOffsetFor(int32_t epoch, int64_t log_end) const {
  if (epoch < 0 || entries_.empty() || epoch > entries_.back().epoch) return std::nullopt;
  if (epoch == entries_.back().epoch) return EpochEndOffset{epoch, log_end};
  const auto higher = std::ranges::upper_bound(entries_, epoch, {}, &EpochEntry::epoch);
  if (higher == entries_.begin()) return EpochEndOffset{epoch, higher->start_offset};
  return EpochEndOffset{std::prev(higher)->epoch, higher->start_offset};
}

bool LeaderEpochHistory::TruncateSuffix(int64_t offset) {
  const auto first = std::ranges::lower_bound(entries_, offset, {}, &EpochEntry::start_offset);
  const bool changes = first != entries_.end();
  entries_.erase(first, entries_.end());
  return changes;
}

bool LeaderEpochHistory::TruncatePrefix(int64_t offset) {
  const auto behind = FirstBehind(entries_, offset);
  if (behind == entries_.begin()) return false;
  const auto keeper = std::prev(behind);
  if (keeper == entries_.begin() && keeper->start_offset == offset) return false;
  const EpochEntry first = {keeper->epoch, offset};
  entries_.erase(entries_.begin(), keeper);
  entries_.front() = first;
  return true;
}

std::optional<EpochEntry> LeaderEpochHistory::latest() const {
  return entries_.empty() ? std::nullopt : std::optional(entries_.back());
}

std::string EncodeLeaderEpochs(const LeaderEpochHistory& history) {
  std::vector<std::string> lines;
  lines.reserve(history.entries().size());
  for (const EpochEntry& entry : history.entries()) {
    lines.push_back(absl::StrFormat("%d %d", entry.epoch, entry.start_offset));
  }
  return EncodeTextCheckpoint(lines);
}

absl::StatusOr<LeaderEpochHistory> DecodeLeaderEpochs(std::string_view text) {
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<std::string_view> lines, ParseTextCheckpoint(text));
  std::vector<EpochEntry> entries;
  entries.reserve(lines.size());
  for (const std::string_view line : lines) {
    MOLDAU_ASSIGN_OR_RETURN(const EpochEntry entry, ParseEntry(line, entries.size() + 3));
    entries.push_back(entry);
  }
  absl::StatusOr<LeaderEpochHistory> history = LeaderEpochHistory::FromEntries(std::move(entries));
  if (!history.ok()) return base::Error(absl::StatusCode::kDataLoss, "%s", history.status().message());
  return history;
}

absl::StatusOr<LeaderEpochHistory> LoadLeaderEpochs(storage::Storage& storage, const std::string& directory) {
  const std::string path = absl::StrFormat("%s/%s", directory, kLeaderEpochFileName);
  MOLDAU_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(storage, path, kMaxFileBytes));
  absl::StatusOr<LeaderEpochHistory> history = DecodeLeaderEpochs(text);
  if (!history.ok()) return WithPath(history.status(), path);
  return history;
}

absl::Status StoreLeaderEpochs(storage::Storage& storage, const std::string& directory,
                               const LeaderEpochHistory& history) {
  return ReplaceWholeFile(storage, directory, kLeaderEpochFileName, EncodeLeaderEpochs(history));
}

}  // namespace moldau::log
