// A broker for tests: on a disk in memory, ready in well under a millisecond, with a clock that the test moves and
// faults on request. The code under test gets it as it gets any other broker.
//
//   auto broker = moldau::testing::MemoryBroker::Open().value();
//   Shop shop(*broker);                                        // the code under test takes a moldau::Broker&
//   broker.Advance(24h);                                       // a day, in a millisecond
//   broker.Inject({.kind = storage::OperationKind::kFlush, .error = absl::DataLossError("bad sector")});
//   broker.Crash(moldau::testing::CrashKind::kPowerFails);     // and open again, on what was durable
//
// Nothing happens by itself: the broker has no threads. Its timers run, in their order and each at its own time, while
// Advance moves the clock or a call waits. The same calls give the same history.
//
// Threads: Advance and the clock from any thread; all else while no other thread is inside a call of the broker.
// Ownership: handles made from its broker, receipts and records too, must be gone before it is.
// Failure: as Broker::Open.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/base/clock.h"
#include "moldau/broker.h"
#include "moldau/storage/memory_storage.h"
#include "moldau/testing/fault.h"

namespace moldau::testing {

// What a call that waits does to the clock, such as Poll, Receive or Receipt::Wait.
enum class Waiting : uint8_t {
  // Moves it, timer by timer, up to what it waits for or its deadline, so that no test waits: for tests of one thread.
  kMovesTime,
  // Leaves it alone, and lasts until another thread has moved it: for code under test with threads of its own.
  kNeedsAdvance,
};

enum class CrashKind : uint8_t {
  kProcessDies,  // as by kill -9: nothing that reached the disk's cache is lost
  kPowerFails,   // only what was flushed is left
  kPowerTears,   // that, and of the rest any page and any name, as the seed decides
};

struct MemoryBrokerOptions {
  // data_dir, storage, clock, executor and threads are the memory broker's own; a seed of 0 is 1 here. The rest is as
  // everywhere, but for what costs a broker time and memory that only a large or a long-lived one needs.
  BrokerOptions broker = {.offsets_partitions = 1,
                          .queue_state_partitions = 1,
                          .checkpoint_interval = std::chrono::hours(1),
                          .cool_down_interval = std::chrono::hours(1)};
  Waiting waiting = Waiting::kMovesTime;
  // What the disk holds; appends beyond it are ResourceExhausted.
  uint64_t capacity_bytes = UINT64_MAX;
  // The calendar at the beginning.
  Timestamp start{std::chrono::milliseconds{1'700'000'000'000}};
};

class MemoryBroker final {
 public:
  static absl::StatusOr<MemoryBroker> Open(MemoryBrokerOptions options = {});
  ~MemoryBroker();
  MemoryBroker(MemoryBroker&&) noexcept;
  MemoryBroker& operator=(MemoryBroker&&) noexcept;

  // The broker, until the next Crash or Restart; none after one that failed.
  [[nodiscard]] Broker& operator*() const noexcept;
  [[nodiscard]] Broker* operator->() const noexcept { return &**this; }

  // --- time ---

  // Lets `time` pass, and runs what becomes due in it, in its order.
  void Advance(std::chrono::nanoseconds time);
  // Runs what is due now.
  void RunTasks() { Advance(std::chrono::nanoseconds(0)); }
  // Moves the calendar alone, either way, as an administrator would.
  void JumpWall(std::chrono::milliseconds by);
  [[nodiscard]] Clock& clock() const noexcept;

  // --- faults ---

  // Each counts the operations that it is about by itself. Those that have not struck stay over a Crash and a Restart,
  // so that a broker can be made to meet them as it opens.
  void Inject(Fault fault);
  void ClearFaults();
  // How often faults have struck so far.
  [[nodiscard]] uint64_t faults_struck() const;

  void SetCapacity(uint64_t bytes);
  [[nodiscard]] uint64_t used_bytes() const;

  // --- ends and new beginnings; handles of before answer Cancelled then, the clock goes on ---

  // What was acknowledged is there afterwards, as far as its topic promises to survive this; receipts that were open
  // fail. The status says how the broker opened; if it did not, the next Restart tries again.
  absl::Status Crash(CrashKind kind);
  // Closes the broker properly, if there is one, and opens it again.
  absl::Status Restart();

  // What the broker has on disk; another one after each Crash. Its hook is taken.
  [[nodiscard]] storage::MemoryStorage& disk() const noexcept;

 private:
  class World;
  explicit MemoryBroker(std::unique_ptr<World> world) noexcept;
  std::unique_ptr<World> world_;
};

}  // namespace moldau::testing
