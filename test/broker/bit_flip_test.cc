// Every single bit of every file in a small data directory (manifest, the topics' own log, and all that belongs to a
// partition), flipped one at a time, and the directory opened by a broker and read. A flip is detected, by an error or
// a reported cut, or it is harmless: topics, configuration and records are as before.
#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "broker_world.h"
#include "support/figure.h"
#include "support/scale.h"
#include "support/violation.h"

namespace moldau::test {
namespace {

enum class Left { kClosed, kProcessDied, kPowerCut };

class FlippedDirectory {
 public:
  explicit FlippedDirectory(Left left) : left_(left) {
    BrokerWorld world;
    world.Open();
    for (const auto& [name, durability] :
         {std::pair("orders", Durability::kFlushed), std::pair("clicks", Durability::kBuffered)}) {
      Partition partition = PartitionOf(world.Create(
          name, {.durability = durability, .config = {{"segment.bytes", "4096"}, {"index.interval.bytes", "64"}}}));
      for (int i = 0; i < kRecords; ++i) {
        AppendDurably(partition, ValueAt(name, i));
        if (i == 2) REQUIRE_OK(partition.Roll());
      }
      REQUIRE_OK(partition.Flush());
    }
    world.Pass(61s);  // a checkpoint
    for (const char* name : {"orders", "clicks"}) {
      Partition partition = PartitionOf(*world.broker().FindTopic(name));
      AppendDurably(partition, ValueAt(name, kRecords));
      REQUIRE_OK(partition.Flush());
      topics_.push_back(*world.broker().DescribeTopic(name));
    }
    if (left_ == Left::kClosed) world.Drop();
    disk_ = left_ == Left::kPowerCut ? world.AfterPowerCut() : world.AfterKill();
  }

  void Run() { FlipAllIn("data"); }

  [[nodiscard]] int64_t flips() const { return flips_; }
  [[nodiscard]] int64_t detected() const { return detected_; }
  [[nodiscard]] int files() const { return files_; }

 private:
  static constexpr int64_t kRecords = 5;  // and one behind the checkpoint

  static std::string ValueAt(const std::string& topic, int64_t offset) {
    return topic + " " + std::to_string(offset) + " " + std::string(20, '+');
  }

  void FlipAllIn(const std::string& directory) {
    const auto entries = disk_->List(directory);
    DemandOk(entries, "list");
    for (const storage::DirectoryEntry& entry : *entries) {
      const std::string path = directory + "/" + entry.name;
      if (entry.is_directory) {
        FlipAllIn(path);
      } else {
        ++files_;
        FlipAllOf(path);
      }
    }
  }

  void FlipAllOf(const std::string& path) {
    const auto file = disk_->Open(path, storage::OpenMode::kRead);
    DemandOk(file, "open");
    std::vector<std::byte> bytes((*file)->Size().value());
    DemandOk((*file)->Read(0, bytes), "read");
    // What is allocated and not used yet is all the same: a sample of it will do.
    const auto last_used = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; });
    const auto used = static_cast<uint64_t>(bytes.rend() - last_used);
    // test/log does all of them for each way a log is left; here only what a clean start trusts.
    const uint64_t step = (left_ == Left::kClosed ? 1 : 7) * static_cast<uint64_t>(std::max(1.0, 1 / Scale()));
    for (uint64_t bit = 0; bit < bytes.size() * 8; bit += bit < used * 8 ? step : 997 * step) {
      what_ = absl::StrFormat("%s, bit %d of byte %d", path, bit % 8, bit / 8);
      DemandOk(disk_->FlipBit(path, bit), "flip");
      ++flips_;
      detected_ += LookAtAll() ? 1 : 0;
      DemandOk(disk_->FlipBit(path, bit), "flip back");
    }
  }

  // True if the damage was noticed.
  bool LookAtAll() {
    BrokerWorld next({}, disk_->CrashImage({.new_boot = false}));
    if (const absl::Status opened = next.TryOpen(); !opened.ok()) return Refusal(opened);
    bool detected = !next.broker().recovery().refused.empty() || !next.broker().recovery().cut.empty();
    for (const TopicDescription& before : topics_) {
      const auto now = next.broker().DescribeTopic(before.name);
      DemandOk(now, what_.c_str());
      const bool same = now->id == before.id && now->partition_count == before.partition_count &&
                        SameConfig(now->config, before.config);
      Demand(same, "%s: topic %s has changed", what_, before.name);
      detected |= ReadAll(next, before.name);
    }
    return detected;
  }

  static bool SameConfig(const std::vector<TopicConfigEntry>& a, const std::vector<TopicConfigEntry>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& left, const auto& right) {
      return left.name == right.name && left.value == right.value && left.source == right.source;
    });
  }

  bool ReadAll(BrokerWorld& world, const std::string& topic) {
    Partition partition = PartitionOf(*world.broker().FindTopic(topic));
    const auto end = partition.log_end_offset();
    if (!end.ok()) return Refusal(end.status());
    if (*end != kRecords + 1) {
      const auto& cuts = world.broker().recovery().cut;
      const bool reported = std::any_of(cuts.begin(), cuts.end(), [&](const RecoverySummary::Cut& cut) {
        return cut.partition.topic == topic && cut.log_end_offset == *end && cut.truncated_bytes > 0;
      });
      Demand(left_ != Left::kClosed && *end >= kRecords && reported, "%s: %s ends at %d", what_, topic, *end);
    }
    // Begins in another place each time, since what has been read once is not verified again.
    const int64_t first = flips_ % (*end + 1);
    return ReadFrom(partition, topic, first, *end) | ReadFrom(partition, topic, 0, *end);
  }

  bool ReadFrom(Partition partition, const std::string& topic, int64_t offset, int64_t end) {
    const auto start = partition.log_start_offset();
    DemandOk(start, "log start");
    Demand(*start == 0, "%s: %s starts at %d", what_, topic, *start);
    while (offset < end) {
      const auto records = partition.Read(offset, {.max_bytes = 150});
      if (!records.ok()) return Refusal(records.status());
      Demand(!records->batches().empty(), "%s: %s ends at %d", what_, topic, offset);
      for (const RecordView& record : *records) {
        Demand(record.offset() == offset && record.value() == ValueAt(topic, offset), "%s: offset %d of %s is wrong",
               what_, offset, topic);
        ++offset;
      }
    }
    return false;
  }

  // An error that tells an operator what is wrong.
  bool Refusal(const absl::Status& status) const {
    const bool clear = absl::IsDataLoss(status) || absl::IsFailedPrecondition(status);
    Demand(clear && absl::StrContains(status.message(), "data/"), "%s: refused without saying why: %s", what_,
           status.ToString());
    return true;
  }

  const Left left_;
  std::unique_ptr<storage::MemoryStorage> disk_;
  std::vector<TopicDescription> topics_;
  std::string what_;
  int64_t flips_ = 0;
  int64_t detected_ = 0;
  int files_ = 0;
};

void Flip(Left left, const char* name) {
  FlippedDirectory directory(left);
  directory.Run();
  CHECK(directory.flips() > 100);
  CHECK(directory.detected() > directory.flips() / 3);
  Figure("bit flips, a whole directory %s: %d of %d in %d files detected (%d) or harmless (%d)", name,
         directory.flips(), directory.flips(), directory.files(), directory.detected(),
         directory.flips() - directory.detected());
}

TEST_CASE("every bit flip in a closed directory is detected or harmless", "[broker][bitflip]") {
  Flip(Left::kClosed, "that was closed");
}

TEST_CASE("every bit flip in the directory of a process that died is detected or harmless", "[broker][bitflip]") {
  Flip(Left::kProcessDied, "whose process died");
}

TEST_CASE("every bit flip in a directory after a power cut is detected or harmless", "[broker][bitflip]") {
  Flip(Left::kPowerCut, "after a power cut");
}

}  // namespace
}  // namespace moldau::test
