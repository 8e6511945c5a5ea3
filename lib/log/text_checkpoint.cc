#include "log/text_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/status_builder.h"

namespace moldau::log {
namespace {

// Takes the next line off `text`; nullopt if no newline is left.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// A number alone on its line. `line_number` counts from 1.
absl::StatusOr<int64_t> TakeNumber(std::string_view& text, int line_number, const char* what) {
  const std::optional<std::string_view> line = TakeLine(text);
  const std::optional<int64_t> number = line ? ParseDecimal(*line, std::numeric_limits<int32_t>::max()) : std::nullopt;
  if (!number) return base::Error(absl::StatusCode::kDataLoss, "line %d: %s is not a number", line_number, what);
  return *number;
}

}  // namespace

std::string EncodeTextCheckpoint(std::span<const std::string> lines) {
  std::string text = absl::StrFormat("0\n%d\n", lines.size());
  for (const std::string& line : lines) {
    text += line;
    text += '\n';
  }
  return text;
}

absl::StatusOr<std::vector<std::string_view>> ParseTextCheckpoint(std::string_view text) {
  std::vector<std::string_view> lines;
  if (text.empty()) return lines;
  MOLDAU_ASSIGN_OR_RETURN(const int64_t version, TakeNumber(text, 1, "the version"));
  if (version != 0) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "line 1: format version %d is newer than 0: written by a newer version", version);
  }
  MOLDAU_ASSIGN_OR_RETURN(const int64_t count, TakeNumber(text, 2, "the number of entries"));
  while (const std::optional<std::string_view> line = TakeLine(text)) lines.push_back(*line);
  if (!text.empty()) {
    return base::Error(absl::StatusCode::kDataLoss, "line %d: does not end with a newline", lines.size() + 3);
  }
  if (static_cast<int64_t>(lines.size()) != count) {
    return base::Error(absl::StatusCode::kDataLoss, "line 2: promises %d entries, %d follow", count, lines.size());
  }
  return lines;
}

std::optional<int64_t> ParseDecimal(std::string_view text, int64_t max) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::ranges::all_of(text, is_digit) || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > max) return std::nullopt;
  return number;
}

}  // namespace moldau::log
