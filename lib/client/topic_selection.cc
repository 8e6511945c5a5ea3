#include "client/topic_selection.h"

#include <utility>

#include "base/status_builder.h"

namespace moldau::client {

absl::StatusOr<TopicSelection> TopicSelection::Make(std::vector<std::string> names, const std::string& pattern) {
  if (pattern.empty()) return TopicSelection(std::move(names), std::nullopt);
  try {  // the one way in which std::regex says no
    return TopicSelection({}, std::regex(pattern, std::regex::ECMAScript | std::regex::optimize));
  } catch (const std::regex_error& error) {
    return base::Error(absl::StatusCode::kInvalidArgument, "pattern \"%s\": is no regular expression: %s", pattern,
                       error.what());
  }
}

bool TopicSelection::Refresh(const broker::Core& broker) {
  const uint64_t version = broker.topics_version();
  if (version == seen_version_) [[likely]]
    return false;
  seen_version_ = version;
  if (!pattern_) return true;
  topics_.clear();
  for (std::string& name : broker.ListTopics(/*with_internal=*/false)) {
    if (std::regex_match(name, *pattern_)) topics_.push_back(std::move(name));
  }
  return true;
}

}  // namespace moldau::client
