#include "log/segment_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "absl/strings/escaping.h"
#include "base/check.h"
#include "base/status_builder.h"

namespace moldau::log {
namespace {

constexpr size_t kOffsetDigits = 20;

struct Suffix {
  std::string_view text;
  FileKind kind;
};
constexpr std::array kContents = {Suffix{kLogSuffix, FileKind::kLog}, Suffix{kIndexSuffix, FileKind::kIndex},
                                  Suffix{kTimeIndexSuffix, FileKind::kTimeIndex},
                                  Suffix{kTxnIndexSuffix, FileKind::kTxnIndex},
                                  Suffix{kSnapshotSuffix, FileKind::kSnapshot}};
constexpr std::array kStates = {Suffix{kDeletedSuffix, FileKind::kDeleted}, Suffix{kCleanedSuffix, FileKind::kCleaned},
                                Suffix{kSwapSuffix, FileKind::kSwap}, Suffix{kPreparedSuffix, FileKind::kPrepared}};

template <size_t kSize>
std::optional<FileKind> Find(const std::array<Suffix, kSize>& suffixes, std::string_view text) {
  for (const Suffix& suffix : suffixes) {
    if (suffix.text == text) return suffix.kind;
  }
  return std::nullopt;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsTopicCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '.' || c == '_' || c == '-';
}

// All of `digits` as a number of at least 0.
template <typename Number>
std::optional<Number> ParseDigits(std::string_view digits) {
  if (digits.empty() || !std::ranges::all_of(digits, IsDigit)) return std::nullopt;
  Number number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

absl::Status InvalidTopic(std::string_view name, const char* what) {
  constexpr size_t kShown = 64;  // enough to recognise it by
  const std::string_view head = name.substr(0, kShown);
  return base::Error(
      absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTopic,
      "topic name \"%s%s\" %s: it must have 1 to %d characters of [a-zA-Z0-9._-] and be neither \".\" nor "
      "\"..\"",
      absl::CEscape({head.data(), head.size()}), name.size() > kShown ? "..." : "", what, kMaxTopicNameLength);
}

}  // namespace

std::string SegmentFileName(int64_t base_offset, std::string_view suffix) {
  MOLDAU_CHECK(base_offset >= 0);
  return absl::StrFormat("%020d%s", base_offset, suffix);
}

std::optional<ParsedName> ParseSegmentFileName(std::string_view name) {
  if (name.size() <= kOffsetDigits) return std::nullopt;
  const std::optional<int64_t> base_offset = ParseDigits<int64_t>(name.substr(0, kOffsetDigits));
  if (!base_offset) return std::nullopt;
  const std::string_view suffix = name.substr(kOffsetDigits);
  if (suffix == kPreparedSuffix) return ParsedName{*base_offset, FileKind::kPrepared, FileKind::kLog};
  if (const auto content = Find(kContents, suffix)) return ParsedName{*base_offset, *content, *content};
  const size_t dot = suffix.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto state = Find(kStates, suffix.substr(dot));
  const auto content = Find(kContents, suffix.substr(0, dot));
  if (!state || !content) return std::nullopt;
  return ParsedName{*base_offset, *state, *content};
}

std::string PartitionDirectoryName(std::string_view topic, int32_t partition) {
  MOLDAU_CHECK(partition >= 0 && ValidateTopicName(topic).ok());
  return absl::StrFormat("%s-%d", topic, partition);
}

std::optional<ParsedDirectory> ParsePartitionDirectoryName(std::string_view name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view topic = name.substr(0, dash);
  const std::string_view digits = name.substr(dash + 1);
  const std::optional<int32_t> partition = ParseDigits<int32_t>(digits);
  const bool canonical = digits.size() == 1 || (digits.size() > 1 && digits.front() != '0');
  if (!partition || !canonical || !ValidateTopicName(topic).ok()) return std::nullopt;
  return ParsedDirectory{topic, *partition};
}

absl::Status ValidateTopicName(std::string_view name) {
  if (name.empty()) return InvalidTopic(name, "is empty");
  if (name == "." || name == "..") return InvalidTopic(name, "is reserved");
  if (name.size() > kMaxTopicNameLength) return InvalidTopic(name, absl::StrFormat("has %d", name.size()).c_str());
  if (!std::ranges::all_of(name, IsTopicCharacter)) return InvalidTopic(name, "has a character that is not allowed");
  return absl::OkStatus();
}

}  // namespace moldau::log
