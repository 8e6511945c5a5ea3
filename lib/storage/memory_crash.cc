// What a crash may leave of the disk in memory, and the disk that it leaves.
#include <algorithm>
#include <map>
#include <utility>

#include "storage/io_error.h"
#include "storage/memory_disk.h"

namespace moldau::storage {
namespace {

// All files and directories that a crash could bring to light, by number.
using Nodes = std::map<uint64_t, NodeRef>;

void Collect(const NodeRef& node, Nodes& nodes) {
  if (!nodes.emplace(node->number, node).second) return;
  for (const auto& [name, child] : node->live) Collect(child, nodes);
  for (const auto& [name, child] : node->durable) Collect(child, nodes);
}

Nodes AllNodes(const MemoryNames& names) {
  Nodes nodes;
  Collect(names.root(), nodes);
  for (const NameChange& change : names.pending()) {
    Collect(change.node, nodes);
    if (change.from) Collect(change.from->directory, nodes);
    if (change.to) Collect(change.to->directory, nodes);
  }
  return nodes;
}

// One element of Pending::metadata.
struct MetadataChange {
  uint64_t order = 0;
  std::string description;
  size_t index = 0;            // among the pending changes of names, or of the file's sizes
  MemoryNode* file = nullptr;  // null: a change of names
};

std::vector<MetadataChange> MetadataChanges(const MemoryNames& names, const Nodes& nodes) {
  std::vector<MetadataChange> changes;
  for (size_t i = 0; i < names.pending().size(); ++i) {
    changes.push_back({names.pending()[i].order, names.pending()[i].description, i});
  }
  for (const auto& [number, node] : nodes) {
    if (node->is_directory()) continue;
    const std::vector<SizeChange> sizes = node->content->PendingSizes();
    for (size_t i = 0; i < sizes.size(); ++i) {
      changes.push_back({sizes[i].order,
                         absl::StrFormat("size of %s: %d to %d", node->path, sizes[i].from, sizes[i].to), i,
                         node.get()});
    }
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
  return changes;
}

// A plan, sorted by what it concerns.
struct Kept {
  std::vector<bool> names;
  std::map<const MemoryNode*, KeptContent> contents;
};

Kept Sort(const MemoryStorage::CrashPlan& plan, const MemoryNames& names, const Nodes& nodes) {
  Kept kept;
  kept.names.resize(names.pending().size());
  const std::vector<MetadataChange> changes = MetadataChanges(names, nodes);
  for (size_t i = 0; i < std::min(changes.size(), plan.metadata.size()); ++i) {
    if (!plan.metadata[i]) continue;
    if (changes[i].file == nullptr) {
      kept.names[changes[i].index] = true;
    } else {
      size_t& count = kept.contents[changes[i].file].size_changes;
      count = std::max(count, changes[i].index + 1);
    }
  }
  kept.names = names.WithPredecessors(std::move(kept.names));

  constexpr size_t kWholePage = kPageSize / kSectorSize;
  size_t index = 0;
  for (const auto& [number, node] : nodes) {
    if (node->is_directory()) continue;
    for (const uint64_t page : node->content->PendingPages()) {
      size_t sectors = index < plan.pages.size() && plan.pages[index] ? kWholePage : 0;
      if (plan.torn >= 0 && index == static_cast<size_t>(plan.torn)) sectors = static_cast<size_t>(plan.torn_sectors);
      if (sectors > 0) kept.contents[node.get()].sectors[page] = sectors;
      ++index;
    }
  }
  return kept;
}

// Copies the tree that hangs on `durable` entries after `kept` changes, as a machine finds it at its next start.
class PowerLoss {
 public:
  PowerLoss(const MemoryNames& names, const Kept& kept, MemoryDisk& after) : kept_(kept), after_(after) {
    for (size_t i = 0; i < names.pending().size(); ++i) {
      if (!kept.names[i]) continue;
      ApplyNameChange(names.pending()[i], [this](const NodeRef& directory) -> MemoryNode::Entries& {
        return changed_.try_emplace(directory.get(), directory->durable).first->second;
      });
    }
  }

  void CopyInto(const MemoryNode& from, MemoryNode& to, const std::string& path) {
    to.path = path;
    const auto changed = changed_.find(&from);
    for (const auto& [name, child] : changed != changed_.end() ? changed->second : from.durable) {
      auto copy = std::make_shared<MemoryNode>(child->number);
      const bool absolute = path.empty() && child->path.starts_with('/');
      const std::string child_path = path.empty() && !absolute ? name : path + "/" + name;
      if (child->is_directory()) {
        CopyInto(*child, *copy, child_path);
      } else {
        const auto kept = kept_.contents.find(child.get());
        copy->content = child->content->AfterPowerLoss(after_.space, after_.order,
                                                       kept != kept_.contents.end() ? kept->second : KeptContent{});
        copy->path = child_path;
      }
      to.live[name] = copy;
      to.durable[name] = copy;
    }
  }

 private:
  const Kept& kept_;
  MemoryDisk& after_;
  std::map<const MemoryNode*, MemoryNode::Entries> changed_;
};

// Copies everything, with the same things pending, as the next process finds it.
void CopyForNextProcess(const MemoryNames& names, const Nodes& nodes, MemoryDisk& after)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(after.mutex) {
  std::map<const MemoryNode*, NodeRef> copies{{names.root().get(), after.names.root()}};
  for (const auto& [number, node] : nodes) {
    NodeRef& copy = copies[node.get()];
    if (copy == nullptr) copy = std::make_shared<MemoryNode>(number);
    if (!node->is_directory()) copy->content = node->content->AfterProcessDeath(after.space, after.order);
    copy->path = node->path;
    copy->linked = node->linked;
    if (!copy->linked && !copy->is_directory()) copy->content->ReleaseSpace();
  }
  for (const auto& [number, node] : nodes) {
    for (const auto& [name, child] : node->live) copies[node.get()]->live[name] = copies[child.get()];
    for (const auto& [name, child] : node->durable) copies[node.get()]->durable[name] = copies[child.get()];
  }
  std::vector<NameChange> pending = names.pending();
  for (NameChange& change : pending) {
    change.node = copies[change.node.get()];
    if (change.from) change.from->directory = copies[change.from->directory.get()];
    if (change.to) change.to->directory = copies[change.to->directory.get()];
    for (NodeRef& directory : change.waits_for) directory = copies[directory.get()];
  }
  after.names.SetPending(std::move(pending));
}

// Which of `count` elements a random crash keeps. Few programs err on a fair coin alone: all, none, the oldest few, all
// but few and few have their own bugs.
std::vector<bool> RandomSubset(size_t count, Random& random) {
  std::vector<bool> kept(count);
  const uint64_t style = random.Below(6);
  const uint64_t prefix = random.Below(count + 1);
  for (size_t i = 0; i < count; ++i) {
    switch (style) {
      case 0:
        kept[i] = false;
        break;
      case 1:
        kept[i] = true;
        break;
      case 2:
        kept[i] = i < prefix;
        break;
      case 3:
        kept[i] = !random.OneIn(8);
        break;
      case 4:
        kept[i] = random.OneIn(8);
        break;
      default:
        kept[i] = random.OneIn(2);
        break;
    }
  }
  return kept;
}

}  // namespace

MemoryStorage::Pending MemoryStorage::pending() const {
  const MemoryDisk& disk = *state_->disk;
  const base::MutexLock lock(disk.mutex);
  const Nodes nodes = AllNodes(disk.names);
  Pending pending;
  for (const auto& [number, node] : nodes) {
    if (node->is_directory()) continue;
    for (const uint64_t page : node->content->PendingPages()) pending.pages.push_back({node->path, page});
  }
  for (MetadataChange& change : MetadataChanges(disk.names, nodes)) {
    pending.metadata.push_back(std::move(change.description));
  }
  return pending;
}

std::unique_ptr<MemoryStorage> MemoryStorage::CrashImage(const CrashPlan& plan) const {
  const MemoryDisk& disk = *state_->disk;
  auto image = std::make_unique<MemoryStorage>();
  const auto after = std::make_shared<MemoryDisk>(disk.space.capacity_bytes(), disk.boot + (plan.new_boot ? 1 : 0));
  const base::MutexLock lock(disk.mutex);
  const base::MutexLock after_lock(after->mutex);
  after->order = disk.order.load();
  const Nodes nodes = AllNodes(disk.names);
  if (plan.new_boot) {
    const Kept kept = Sort(plan, disk.names, nodes);
    PowerLoss(disk.names, kept, *after).CopyInto(*disk.names.root(), *after->names.root(), "");
  } else {
    CopyForNextProcess(disk.names, nodes, *after);
  }
  image->state_->disk = after;
  return image;
}

MemoryStorage::CrashPlan MemoryStorage::RandomPlan(Random& random) const {
  const Pending now = pending();
  CrashPlan plan;
  plan.pages = RandomSubset(now.pages.size(), random);
  plan.metadata = RandomSubset(now.metadata.size(), random);
  if (!now.pages.empty() && random.OneIn(3)) {
    plan.torn = static_cast<int>(random.Below(now.pages.size()));
    plan.torn_sectors = static_cast<int>(random.Below(kPageSize / kSectorSize));
  }
  return plan;
}

void MemoryStorage::WriteBackSome(Random& random) {
  const MemoryDisk& disk = *state_->disk;
  const base::MutexLock lock(disk.mutex);
  for (const auto& [number, node] : AllNodes(disk.names)) {
    if (!node->is_directory()) node->content->WriteBackSome(random);
  }
}

}  // namespace moldau::storage
