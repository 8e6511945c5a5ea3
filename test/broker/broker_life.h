// The life of a broker, from its first opening to its second close, with a ledger of what it was asked and what it has
// acknowledged. Whatever happens to its disk meanwhile, what is found afterwards is held against the ledger.
//
//   orders   flushed     acknowledged records survive everything
//   clicks   buffered    they survive the death of the process, and a power cut once they were flushed
//   doomed   flushed     deleted half way
//
// Violation: an acknowledged record, topic or deletion is not there, a record is found that nobody appended or in
// another place, a partition is refused though nothing was damaged, or an error does not say what it is about.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "broker_world.h"
#include "support/violation.h"

namespace moldau::test {

enum class After { kKill, kPowerCut };

class BrokerLife {
 public:
  explicit BrokerLife(BrokerWorld& world) : world_(world) {}

  // Asks for everything, whatever fails.
  void Run() {
    if (!Note(world_.TryOpen())) return;
    for (const auto& [name, durability] :
         {std::pair("orders", Durability::kFlushed), std::pair("clicks", Durability::kBuffered),
          std::pair("doomed", Durability::kFlushed)}) {
      Create(name, durability);
    }
    for (int i = 0; i < 3; ++i) AppendToAll(900);  // four fill a segment
    Flush("clicks");
    world_.Settle();
    Trim("orders", 2);
    Roll("orders");
    world_.Pass(61s);  // a checkpoint
    for (int i = 0; i < 3; ++i) AppendToAll(900);
    Delete("doomed");
    world_.Settle();
    Trim("clicks", 4);
    AppendToAll(10);
    Note(world_.broker().Close());
    world_.Drop();
    if (!Note(world_.TryOpen())) return;
    AppendToAll(10);
    Flush("clicks");
    world_.Drop();
  }

  // Opens what is left of the disk and holds it against the ledger; then it must go on.
  void Check(std::unique_ptr<storage::MemoryStorage> disk, After after) const {
    BrokerWorld next({}, std::move(disk));
    DemandOk(next.TryOpen(), "opened again");
    Broker& broker = next.broker();
    for (const auto& refusal : broker.recovery().refused) {
      Demand(false, "%s is refused: %s", refusal.partition.topic, refusal.status.ToString());
    }
    for (const auto& [name, topic] : topics_) {
      const auto found = broker.FindTopic(name);
      if (topic.deleted) Demand(!found.ok(), "%s was deleted and is there again", name);
      if (topic.created && !topic.deletion_begun) Demand(found.ok(), "%s was created and is not there", name);
      if (found.ok()) CheckTopic(name, topic, PartitionOf(*found), after);
    }
    next.Settle();
    if (topics_.contains("doomed") && !broker.FindTopic("doomed").ok()) {
      Demand(next.Names("doomed").empty(), "files of a topic that is not there stay");
    }
  }

  [[nodiscard]] int64_t acknowledged() const { return acknowledged_; }

 private:
  struct Ledger {
    bool created = false;
    bool deletion_begun = false;
    bool deleted = false;
    int64_t trimmed = 0;                  // asked for
    std::map<int64_t, std::string> kept;  // survive the death of the process
    std::map<int64_t, std::string> durable;
  };

  // What an operation of the broker answers: fine, or an error that somebody can act on.
  bool Note(const absl::Status& status) {
    if (status.ok()) return true;
    const bool expected = absl::IsDataLoss(status) || absl::IsResourceExhausted(status) ||
                          absl::IsFailedPrecondition(status) || absl::IsNotFound(status);
    const bool names_it = std::any_of(kSubjects.begin(), kSubjects.end(), [&](const char* subject) {
      return absl::StrContains(status.message(), subject);
    });
    Demand(expected && names_it, "an error that helps nobody: %s", status.ToString());
    return false;
  }

  void Create(const std::string& name, Durability durability) {
    Ledger& topic = topics_[name];
    topic.created = Note(
        world_.broker().CreateTopic(name, {.durability = durability, .config = {{"segment.bytes", "4096"}}}).status());
  }

  // Calls `act` with the topic's partition and ledger if the topic is there.
  template <typename Act>
  void With(const std::string& name, const Act& act) {
    const auto topic = world_.broker().FindTopic(name);
    if (!topic.ok()) return;
    act(PartitionOf(*topic), topics_[name]);
  }

  void AppendToAll(size_t bytes) {
    for (const char* name : {"orders", "clicks", "doomed"}) {
      With(name, [&](Partition partition, Ledger& topic) {
        const std::string value = std::to_string(next_value_++) + std::string(bytes, '.');
        const auto receipt = partition.Append({.value = value});
        if (!Note(receipt.status())) return;
        if (!Note(receipt->Wait())) return;
        topic.kept[receipt->offset()] = value;
        if (topic_is_flushed(name)) topic.durable[receipt->offset()] = value;
        ++acknowledged_;
      });
    }
  }

  void Flush(const std::string& name) {
    With(name, [&](Partition partition, Ledger& topic) {
      if (Note(partition.Flush())) topic.durable = topic.kept;
    });
  }

  void Trim(const std::string& name, int64_t offset) {
    With(name, [&](Partition partition, Ledger& topic) {
      const auto end = partition.high_watermark();
      if (!Note(end.status()) || *end < offset) return;
      topic.trimmed = offset;
      Note(partition.Trim(offset));
    });
  }

  void Roll(const std::string& name) {
    With(name, [&](Partition partition, Ledger&) { Note(partition.Roll()); });
  }

  void Delete(const std::string& name) {
    Ledger& topic = topics_[name];
    topic.deletion_begun = true;
    if (world_.broker().FindTopic(name).ok()) topic.deleted = Note(world_.broker().DeleteTopic(name));
  }

  static bool topic_is_flushed(const std::string& name) { return name != "clicks"; }

  void CheckTopic(const std::string& name, const Ledger& topic, Partition partition, After after) const {
    const auto start = partition.log_start_offset();
    DemandOk(start, "log start");
    Demand(*start <= topic.trimmed, "%s begins at %d, it was trimmed to %d", name, *start, topic.trimmed);
    std::map<int64_t, std::string> found;
    int64_t last_value = -1;
    for (int64_t offset = *start;;) {
      const auto records = partition.Read(offset, {.max_bytes = 1000});
      DemandOk(records, "read");
      if (records->batches().empty()) break;
      for (const RecordView& record : *records) {
        Demand(record.offset() == offset, "%s: offset %d where %d was expected", name, record.offset(), offset);
        const std::string value(record.value());
        int64_t number = -1;
        const bool appended = absl::SimpleAtoi(value.substr(0, value.find('.')), &number) && number > last_value &&
                              number < next_value_ && value.find_first_not_of('.', value.find('.')) == value.npos;
        Demand(appended, "%s: offset %d was not appended there", name, offset);
        last_value = number;
        found[offset++] = value;
      }
    }
    for (const auto& [offset, value] : after == After::kKill ? topic.kept : topic.durable) {
      if (offset < *start) continue;
      Demand(found.contains(offset) && found.at(offset) == value, "%s: offset %d was acknowledged and is not there",
             name, offset);
    }
    const auto receipt = partition.Append({.value = "on"});
    DemandOk(receipt, "append afterwards");
    DemandOk(receipt->Wait(), "durable afterwards");
    Demand(receipt->offset() == *start + static_cast<int64_t>(found.size()), "%s goes on at %d", name,
           receipt->offset());
  }

  static constexpr std::array kSubjects{"data", ".: ", "orders", "clicks", "doomed"};

  BrokerWorld& world_;
  std::map<std::string, Ledger> topics_;
  int64_t next_value_ = 0;
  int64_t acknowledged_ = 0;
};

}  // namespace moldau::test
