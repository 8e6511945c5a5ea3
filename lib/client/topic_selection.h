// What a consumer wants to read: topics that it names, or all whose names match its pattern.
//
// Threads: one at a time.   Ownership: borrows the broker.
// Failure: a pattern that is none is InvalidArgument.
#pragma once

#include <cstdint>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core.h"

namespace moldau::client {

class TopicSelection {
 public:
  // One of `names` and `pattern` is empty.
  static absl::StatusOr<TopicSelection> Make(std::vector<std::string> names, const std::string& pattern);

  // True if the broker's topics may have changed since the last call: one load, and a look at each topic for a pattern
  // only then.
  bool Refresh(const broker::Core& broker);

  // As they were named, or those that match, sorted.
  [[nodiscard]] const std::vector<std::string>& topics() const noexcept { return topics_; }

 private:
  TopicSelection(std::vector<std::string> names, std::optional<std::regex> pattern)
      : pattern_(std::move(pattern)), topics_(std::move(names)) {}

  std::optional<std::regex> pattern_;
  std::vector<std::string> topics_;
  uint64_t seen_version_ = 0;
};

}  // namespace moldau::client
