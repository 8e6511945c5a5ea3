#include "storage/memory_names.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "storage/io_error.h"

namespace moldau::storage {
namespace {

constexpr size_t kMaxName = 255;      // as on Linux
constexpr size_t kMaxPending = 1024;  // the oldest becomes durable by itself, as a journal commits now and then

// The names along a path; "a//./b" is "a/b", and the root is where relative paths begin.
absl::StatusOr<std::vector<std::string>> Split(const std::string& path, std::string_view action) {
  if (path.empty()) return IoError(ENOENT, path, action);
  if (path.find('\0') != std::string::npos) {
    return StorageError(absl::StatusCode::kInvalidArgument, "%s: a path cannot hold a zero byte", path.c_str());
  }
  std::vector<std::string> names;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    std::string name = path.substr(at, end - at);
    if (name.size() > kMaxName) return IoError(ENAMETOOLONG, path, action);
    at = end + 1;
    if (name == "..") {
      if (!names.empty()) names.pop_back();
    } else if (!name.empty() && name != ".") {
      names.push_back(std::move(name));
    }
  }
  return names;
}

bool IsWithin(const MemoryNode& directory, const NodeRef& sought) {
  return std::any_of(directory.live.begin(), directory.live.end(), [&](const auto& entry) {
    return entry.second == sought || (entry.second->is_directory() && IsWithin(*entry.second, sought));
  });
}

// What rename(2) says to a target that exists. 0 if it may be replaced.
int CanReplace(const MemoryNode& node, const MemoryNode& target) {
  if (!target.is_directory()) return node.is_directory() ? ENOTDIR : 0;
  if (!node.is_directory()) return EISDIR;
  return target.live.empty() ? 0 : ENOTEMPTY;
}

// Renames what lies below a directory.
void SetPaths(MemoryNode& node, const std::string& path) {
  node.path = path;
  for (const auto& [name, child] : node.live) SetPaths(*child, path + "/" + name);
}

bool Concerns(const NameChange& change, const NameSlot& slot) { return change.from == slot || change.to == slot; }

bool HappensIn(const std::optional<NameSlot>& slot, const NodeRef& directory) {
  return slot && slot->directory == directory;
}

// True if `later` can only reach the platter after `earlier`.
bool Follows(const NameChange& later, const NameChange& earlier) {
  if (later.node == earlier.node) return true;
  if (later.from && Concerns(earlier, *later.from)) return true;
  if (later.to && Concerns(earlier, *later.to)) return true;
  if (!later.to && (HappensIn(earlier.from, later.node) || HappensIn(earlier.to, later.node))) return true;
  // Moves of directories could otherwise meet in a circle that the root does not reach.
  const auto moves_directory = [](const NameChange& change) {
    return change.node->is_directory() && change.from && change.to;
  };
  return moves_directory(later) && moves_directory(earlier);
}

}  // namespace

absl::StatusOr<NodeRef> MemoryNames::Find(const std::string& path, std::string_view action) const {
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<std::string> names, Split(path, action));
  NodeRef node = root_;
  for (const std::string& name : names) {
    if (!node->is_directory()) return IoError(ENOTDIR, path, action);
    const auto entry = node->live.find(name);
    if (entry == node->live.end()) return IoError(ENOENT, path, action);
    node = entry->second;
  }
  return node;
}

absl::StatusOr<NodeRef> MemoryNames::FindDirectory(const std::string& path, std::string_view action) const {
  MOLDAU_ASSIGN_OR_RETURN(NodeRef node, Find(path, action));
  if (!node->is_directory()) return IoError(ENOTDIR, path, action);
  return node;
}

absl::StatusOr<NameSlot> MemoryNames::FindSlot(const std::string& path, std::string_view action) const {
  MOLDAU_ASSIGN_OR_RETURN(std::vector<std::string> names, Split(path, action));
  if (names.empty()) return IoError(EBUSY, path, action);  // the root itself
  NameSlot slot{root_, std::move(names.back())};
  names.pop_back();
  for (const std::string& name : names) {
    const auto entry = slot.directory->live.find(name);
    if (entry == slot.directory->live.end()) return IoError(ENOENT, path, action);
    slot.directory = entry->second;
    if (!slot.directory->is_directory()) return IoError(ENOTDIR, path, action);
  }
  return slot;
}

void MemoryNames::Create(const NameSlot& slot, NodeRef node, const std::string& path, uint64_t order) {
  node->path = path;
  slot.directory->live[slot.name] = node;
  Add({order, std::move(node), std::nullopt, slot, "create " + path, {slot.directory}});
}

absl::Status MemoryNames::Rename(const std::string& from, const std::string& to, uint64_t order) {
  const std::string action = "rename to " + to;
  // In the operating system's order: both parents, then the source itself.
  MOLDAU_ASSIGN_OR_RETURN(const NameSlot source, FindSlot(from, action));
  MOLDAU_ASSIGN_OR_RETURN(const NameSlot target, FindSlot(to, "rename from " + from));
  MOLDAU_ASSIGN_OR_RETURN(const NodeRef node, Find(from, action));
  if (node->is_directory() && (target.directory == node || IsWithin(*node, target.directory))) {
    return IoError(EINVAL, from, action);
  }
  const auto replaced = target.directory->live.find(target.name);
  if (replaced != target.directory->live.end()) {
    if (replaced->second == node) return absl::OkStatus();
    if (const int error = CanReplace(*node, *replaced->second); error != 0) return IoError(error, from, action);
    replaced->second->linked = false;
    if (!replaced->second->is_directory() && replaced->second->users == 0) replaced->second->content->ReleaseSpace();
  }
  source.directory->live.erase(source.name);
  target.directory->live[target.name] = node;
  SetPaths(*node, to);
  std::vector<NodeRef> waits_for{source.directory};
  if (target.directory != source.directory) waits_for.push_back(target.directory);
  Add({order, node, source, target, "rename " + from + " to " + to, std::move(waits_for)});
  return absl::OkStatus();
}

absl::StatusOr<NodeRef> MemoryNames::Remove(const std::string& path, uint64_t order) {
  MOLDAU_ASSIGN_OR_RETURN(NodeRef node, Find(path, "remove"));
  MOLDAU_ASSIGN_OR_RETURN(const NameSlot slot, FindSlot(path, "remove"));
  if (!node->live.empty()) return IoError(ENOTEMPTY, path, "remove");
  slot.directory->live.erase(slot.name);
  node->linked = false;
  Add({order, node, slot, std::nullopt, "remove " + path, {slot.directory}});
  return node;
}

void MemoryNames::FlushDirectory(const NodeRef& directory) {
  std::vector<bool> committed(pending_.size());
  for (size_t i = 0; i < pending_.size(); ++i) {
    std::erase(pending_[i].waits_for, directory);
    committed[i] = pending_[i].waits_for.empty();
  }
  Commit(WithPredecessors(std::move(committed)));
}

std::vector<bool> MemoryNames::WithPredecessors(std::vector<bool> kept) const {
  for (size_t i = pending_.size(); i-- > 0;) {
    if (!kept[i]) continue;
    for (size_t j = 0; j < i; ++j) {
      if (!kept[j] && Follows(pending_[i], pending_[j])) kept[j] = true;
    }
  }
  return kept;
}

void MemoryNames::Add(NameChange change) {
  pending_.push_back(std::move(change));
  if (pending_.size() <= kMaxPending) return;
  std::vector<bool> oldest(pending_.size());
  oldest[0] = true;
  Commit(oldest);
}

void MemoryNames::Commit(const std::vector<bool>& committed) {
  std::vector<NameChange> left;
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (committed[i]) {
      ApplyNameChange(pending_[i], [](const NodeRef& directory) -> MemoryNode::Entries& { return directory->durable; });
    } else {
      left.push_back(std::move(pending_[i]));
    }
  }
  pending_ = std::move(left);
}

}  // namespace moldau::storage
