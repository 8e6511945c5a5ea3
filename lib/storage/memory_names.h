// The directories of the disk in memory: the live tree, the tree on the platter, and the name changes between the two.
//
// The rules of a crash: each creation, renaming and removal reaches the platter by itself, whole, and only after those
// before it that concern the same file or the same name (a journal writes them in order); the removal of a directory
// only after all that happened in it. FlushDirectory makes the changes of one directory durable, a renaming between two
// directories when both have been flushed.
//
// Threads: not safe; the disk locks.   Ownership: nodes are shared with open files, which may outlive their names.
// Failure: as Storage.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/memory_content.h"

namespace moldau::storage {

// A file or a directory.
struct MemoryNode {
  using Entries = std::map<std::string, std::shared_ptr<MemoryNode>>;

  explicit MemoryNode(uint64_t node_number) : number(node_number) {}

  const uint64_t number;                   // the order of its creation among all changes of the disk
  std::shared_ptr<MemoryContent> content;  // null for a directory
  Entries live;                            // of a directory
  Entries durable;
  std::string path;    // the latest, for messages and for people
  bool linked = true;  // it has a name
  int users = 0;       // open files and mappings
  bool locked = false;

  [[nodiscard]] bool is_directory() const { return content == nullptr; }
};

using NodeRef = std::shared_ptr<MemoryNode>;

// A name that a change of names takes away or gives.
struct NameSlot {
  NodeRef directory;
  std::string name;

  friend bool operator==(const NameSlot&, const NameSlot&) = default;
};

struct NameChange {
  uint64_t order = 0;  // among all changes of the disk
  NodeRef node;
  std::optional<NameSlot> from;
  std::optional<NameSlot> to;
  std::string description;
  // Directories that must be flushed before it is durable.
  std::vector<NodeRef> waits_for;
};

class MemoryNames {
 public:
  explicit MemoryNames(NodeRef root) : root_(std::move(root)) {}

  [[nodiscard]] const NodeRef& root() const { return root_; }

  [[nodiscard]] absl::StatusOr<NodeRef> Find(const std::string& path, std::string_view action) const;
  [[nodiscard]] absl::StatusOr<NodeRef> FindDirectory(const std::string& path, std::string_view action) const;

  // Where a new entry of this path belongs; the entry itself may exist.
  [[nodiscard]] absl::StatusOr<NameSlot> FindSlot(const std::string& path, std::string_view action) const;

  void Create(const NameSlot& slot, NodeRef node, const std::string& path, uint64_t order);
  absl::Status Rename(const std::string& from, const std::string& to, uint64_t order);
  absl::StatusOr<NodeRef> Remove(const std::string& path, uint64_t order);
  void FlushDirectory(const NodeRef& directory);

  [[nodiscard]] const std::vector<NameChange>& pending() const { return pending_; }
  void SetPending(std::vector<NameChange> pending) { pending_ = std::move(pending); }

  // The changes that reach the platter if these do: with each its predecessors.
  [[nodiscard]] std::vector<bool> WithPredecessors(std::vector<bool> kept) const;

 private:
  void Add(NameChange change);
  void Commit(const std::vector<bool>& committed);

  NodeRef root_;
  std::vector<NameChange> pending_;  // in order
};

// Applies a change to the entries that `entries_of` gives for a directory.
template <typename EntriesOf>
void ApplyNameChange(const NameChange& change, EntriesOf entries_of) {
  if (change.from) {
    MemoryNode::Entries& entries = entries_of(change.from->directory);
    const auto entry = entries.find(change.from->name);
    if (entry != entries.end() && entry->second == change.node) entries.erase(entry);
  }
  if (change.to) entries_of(change.to->directory)[change.to->name] = change.node;
}

}  // namespace moldau::storage
