#include "coordinator/group_member.h"

#include <algorithm>

namespace moldau::coordinator {

bool GroupMember::Offers(std::string_view protocol) const {
  return std::any_of(protocols.begin(), protocols.end(), [&](const auto& offered) { return offered.name == protocol; });
}

const std::string& GroupMember::MetadataFor(std::string_view protocol) const {
  static const std::string kNothing;
  for (const auto& offered : protocols) {
    if (offered.name == protocol) return offered.metadata;
  }
  return kNothing;
}

const std::string& GroupMember::VoteFor(const std::vector<std::string>& candidates) const {
  for (const auto& offered : protocols) {
    if (std::find(candidates.begin(), candidates.end(), offered.name) != candidates.end()) return offered.name;
  }
  return candidates.front();
}

MonoTime GroupMember::ExpiresAt() const noexcept {
  return !is_new && (awaiting_join || awaiting_sync) ? kForever : session_deadline;
}

}  // namespace moldau::coordinator
