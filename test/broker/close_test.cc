#include <array>
#include <atomic>
#include <barrier>
#include <latch>
#include <thread>

#include "broker/access.h"
#include "broker/core.h"
#include "broker_world.h"
#include "moldau/error.h"

namespace moldau::test {
namespace {

// A broker with threads of its own on a disk in memory.
struct LiveBroker {
  explicit LiveBroker(int threads = 2)
      : broker(
            *Broker::Open({.data_dir = "data", .storage = &disk, .threads = threads, .log_level = LogLevel::kSilent})) {
  }

  storage::MemoryStorage disk;
  std::unique_ptr<Broker> broker;
};

TEST_CASE("closing twice is closing once", "[broker][close]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  Put(partition, "one");
  CHECK_OK(world.broker().Close());
  CHECK_OK(world.broker().Close());
  CHECK(ValuesOf(*world.Reopen().FindTopic("orders")) == Strings{"one"});
  CHECK(world.broker().recovery().clean_shutdown);
}

TEST_CASE("after close everything answers cancelled", "[broker][close]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const Topic topic = world.Create("orders");
  Partition partition = PartitionOf(topic);
  AppendDurably(partition, "one");
  auto tail = partition.Tail(0);
  REQUIRE_OK(tail);
  Partition never_used = PartitionOf(world.Create("unused"));
  REQUIRE_OK(broker.Close());
  for (const absl::Status& status :
       {broker.CreateTopic("x").status(), broker.OpenTopic("orders").status(), broker.FindTopic("orders").status(),
        broker.DeleteTopic("orders"), broker.AddPartitions("orders", 9), broker.AlterTopicConfig("orders", {}),
        broker.Flush(), partition.Append({.value = "x"}).status(), partition.Read(0).status(), partition.Flush(),
        partition.Roll(), partition.Trim(0), partition.Tail(0).status(), tail->Next(0ns).status(),
        partition.BeginClaim(std::nullopt, 1).status(), never_used.Append({.value = "x"}).status(),
        never_used.Describe().status()}) {
    CHECK(status.code() == absl::StatusCode::kCancelled);
  }
  CHECK(topic.name() == "orders");
}

TEST_CASE("everything may be dropped in any order", "[broker][close]") {
  // Broker, topic, partition, records, receipt, tail, claim: every order of the first five, the last two inside.
  std::vector<int> order = {0, 1, 2, 3, 4};
  int orders = 0;
  do {
    auto disk = std::make_unique<storage::MemoryStorage>();
    auto opened = Broker::Open({.data_dir = "data", .storage = disk.get(), .log_level = LogLevel::kSilent});
    REQUIRE_OK(opened);
    std::optional<std::unique_ptr<Broker>> broker = *std::move(opened);
    std::optional<Topic> topic = *(*broker)->CreateTopic("orders");
    std::optional<Partition> partition = *topic->partition(0);
    AppendDurably(*partition, "one");
    std::optional<FetchedRecords> records = *partition->Read(0);
    std::optional<TailReader> tail = *partition->Tail(0);
    std::optional<Receipt> receipt = *partition->Append({.value = "two"});
    for (const int what : order) {
      switch (what) {
        case 0:
          broker.reset();
          break;
        case 1:
          topic.reset();
          break;
        case 2:
          partition.reset();
          break;
        case 3:
          CHECK(ValuesIn(*records) == Strings{"one"});
          records.reset();
          tail.reset();
          break;
        default:
          if (!broker.has_value()) CHECK(receipt->done());
          receipt.reset();
      }
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(orders == 120);
}

TEST_CASE("a claim that is open when its thread closes the broker is given back", "[broker][close]") {
  LiveBroker live;
  Partition partition = PartitionOf(*live.broker->CreateTopic("orders", kBufferedTopic));
  auto claim = partition.BeginClaim(std::nullopt, 10);
  REQUIRE_OK(claim);
  REQUIRE_OK(live.broker->Close());
  CHECK(claim->Commit().status().code() == absl::StatusCode::kCancelled);
}

TEST_CASE("a claim may be the last thing that is dropped", "[broker][close]") {
  LiveBroker live;
  std::optional<Partition::Claim> claim;
  {
    Partition partition = PartitionOf(*live.broker->CreateTopic("orders", kBufferedTopic));
    claim.emplace(*partition.BeginClaim(std::nullopt, 10));
  }
  live.broker.reset();
  claim.reset();
}

TEST_CASE("closing wakes every thread that waits", "[broker][close]") {
  LiveBroker live;
  Partition buffered = PartitionOf(*live.broker->CreateTopic("buffered", kBufferedTopic));
  Partition flushed = PartitionOf(*live.broker->CreateTopic("flushed"));
  std::latch started(4);
  std::vector<absl::Status> ends(4);
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    started.count_down();
    ends[0] = buffered.Read(0, {.timeout = 1h}).status();
  });
  threads.emplace_back([&] {
    started.count_down();
    ends[1] = flushed.Read(0, {.timeout = 1h, .wait = WaitStrategy::kSpin}).status();
  });
  threads.emplace_back([&] {
    auto tail = buffered.Tail(0);
    started.count_down();
    ends[2] = tail->Next().status();
  });
  threads.emplace_back([&] {
    base::EventCount event;
    broker::Core& core = *broker::Access::core(*live.broker);
    core.AddCloseWaker(&event);
    started.count_down();
    core.environment().executor().WaitUntil(
        event, [&] { return core.closing(); }, kForever);
    core.RemoveCloseWaker(&event);
    ends[3] = absl::CancelledError("woken");
  });
  started.wait();
  REQUIRE_OK(live.broker->Close());
  threads.clear();
  for (const absl::Status& end : ends) CHECK(end.code() == absl::StatusCode::kCancelled);
}

TEST_CASE("many threads may close at once while others write", "[broker][close]") {
  for (int round = 0; round < 10; ++round) {
    LiveBroker live(1 + round % 3);
    const Topic topic = *live.broker->CreateTopic("orders", {.partitions = 2});
    std::atomic<int64_t> acknowledged{0};
    std::vector<std::jthread> threads;
    std::latch running(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        Partition partition = *topic.partition(i % 2);
        for (bool first = true;; first = false) {
          const auto receipt = partition.Append({.value = "x"});
          if (!receipt.ok() || !receipt->Wait().ok()) break;
          ++acknowledged;
          if (first) running.count_down();
        }
      });
    }
    running.wait();
    std::array<absl::Status, 3> closed;
    for (absl::Status& status : closed) threads.emplace_back([&] { status = live.broker->Close(); });
    threads.clear();
    for (const absl::Status& status : closed) CHECK_OK(status);
    live.broker.reset();
    auto again = Broker::Open({.data_dir = "data", .storage = &live.disk, .log_level = LogLevel::kSilent});
    REQUIRE_OK(again);
    CHECK((*again)->recovery().clean_shutdown);
    const Topic kept = *(*again)->FindTopic("orders");
    CHECK(static_cast<int64_t>(ValuesOf(kept, 0).size() + ValuesOf(kept, 1).size()) >= acknowledged);
  }
}

TEST_CASE("closing gives up waiting at its deadline, and ends later", "[broker][close]") {
  LiveBroker live;
  Partition partition = PartitionOf(*live.broker->CreateTopic("orders"));
  AppendDurably(partition, "one");
  Put(partition, "two");
  std::latch disk_works_again(1);
  std::atomic<bool> stuck{true};
  live.disk.SetHook([&](const storage::Operation& operation) {
    if (operation.kind == storage::OperationKind::kFlush && stuck) disk_works_again.wait();
    return absl::OkStatus();
  });
  const absl::Status late = live.broker->Close(1ms);
  CHECK(late.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK_THAT(std::string(late.message()), Catch::Matchers::Contains("1 ms"));
  CHECK(partition.Append({.value = "three"}).status().code() == absl::StatusCode::kCancelled);
  stuck = false;
  disk_works_again.count_down();
  CHECK_OK(live.broker->Close());
}

TEST_CASE("a disk that is stuck does not keep readers of other partitions from waking", "[broker][close]") {
  LiveBroker live(1);
  Partition stuck = PartitionOf(*live.broker->CreateTopic("a-stuck"));
  AppendDurably(stuck, "one");
  Put(stuck, "two");
  Partition idle = PartitionOf(*live.broker->CreateTopic("b-idle", kBufferedTopic));
  std::latch disk_works_again(1);
  live.disk.SetHook([&](const storage::Operation& operation) {
    const bool blocks =
        operation.kind == storage::OperationKind::kFlush && operation.path.find("a-stuck") != std::string::npos;
    if (blocks) disk_works_again.wait();
    return absl::OkStatus();
  });
  std::latch started(1);
  std::optional<absl::Status> end;
  std::jthread reader([&] {
    started.count_down();
    end = idle.Read(0, {.timeout = 1h}).status();
  });
  started.wait();
  CHECK(live.broker->Close(1ms).code() == absl::StatusCode::kDeadlineExceeded);
  reader.join();
  CHECK(end->code() == absl::StatusCode::kCancelled);
  disk_works_again.count_down();
  CHECK_OK(live.broker->Close());
}

TEST_CASE("a callback on the broker's own thread may close it and hold the last handle", "[broker][close]") {
  std::latch done(1);
  LiveBroker live(1);
  {
    Partition partition = PartitionOf(*live.broker->CreateTopic("orders"));
    const Receipt receipt = Append(partition, "one");
    receipt.OnDone([&, kept = partition](const absl::Status& status) {
      CHECK_OK(status);
      CHECK_OK(live.broker->Close());
      done.count_down();
    });
  }
  done.wait();
  live.broker.reset();
}

TEST_CASE("callbacks that close the broker at once do not wait for each other", "[broker][close]") {
  LiveBroker live(2);
  Topic topic = *live.broker->CreateTopic("orders", {.partitions = 2});
  std::barrier both(2);
  std::latch done(2);
  for (const int32_t id : {0, 1}) {
    Partition partition = *topic.partition(id);
    Append(partition, "one").OnDone([&](const absl::Status& status) {
      CHECK_OK(status);
      both.arrive_and_wait();
      CHECK_OK(live.broker->Close());
      done.count_down();
    });
  }
  done.wait();
  live.broker.reset();
}

TEST_CASE("a callback that learns of a failure may write elsewhere and wait for it", "[broker][close]") {
  LiveBroker live(1);
  Partition broken = PartitionOf(*live.broker->CreateTopic("a-broken"));
  Partition other = PartitionOf(*live.broker->CreateTopic("other"));
  AppendDurably(broken, "one");
  live.disk.SetHook([](const storage::Operation& operation) {
    const bool fails =
        operation.kind == storage::OperationKind::kFlush && operation.path.find("a-broken") != std::string::npos;
    return fails ? absl::DataLossError("disk") : absl::OkStatus();
  });
  std::latch done(1);
  Append(broken, "two").OnDone([&](const absl::Status& status) {
    CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
    AppendDurably(other, "two was lost");
    done.count_down();
  });
  done.wait();
  CHECK(ValuesOf(*live.broker->FindTopic("other")) == Strings{"two was lost"});
}

TEST_CASE("closing waits no longer for a callback than it was told to", "[broker][close]") {
  LiveBroker live(2);  // one for the callback, one for the work of closing
  Partition partition = PartitionOf(*live.broker->CreateTopic("orders"));
  std::latch running(1);
  std::latch go_on(1);
  Append(partition, "one").OnDone([&](const absl::Status&) {
    running.count_down();
    go_on.wait();
  });
  running.wait();
  CHECK(live.broker->Close(10ms).code() == absl::StatusCode::kDeadlineExceeded);
  go_on.count_down();
  CHECK_OK(live.broker->Close());
}

TEST_CASE("what a callback throws reaches neither the close nor the other callbacks", "[broker][close]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  int called = 0;
  for (int i = 0; i < 3; ++i) {
    Append(partition, "x").OnDone([&](const absl::Status&) {
      ++called;
      throw std::runtime_error("this line on standard error belongs to a test");
    });
  }
  CHECK_OK(world.broker().Close());
  CHECK(called == 3);
}

TEST_CASE("closing waits for the callbacks of its receipts", "[broker][close]") {
  storage::MemoryStorage disk;
  ManualClock clock;
  auto executor = MakeManualExecutor(clock);  // of the host, which has stopped running it
  auto broker = Broker::Open({.data_dir = "data", .storage = &disk, .executor = executor.get()});
  REQUIRE_OK(broker);
  Partition partition = PartitionOf(*(*broker)->CreateTopic("orders"));
  std::optional<absl::Status> end;
  Append(partition, "one").OnDone([&](const absl::Status& status) { end = status; });
  CHECK_FALSE(end.has_value());
  CHECK_OK((*broker)->Close());
  REQUIRE(end.has_value());
  CHECK_OK(*end);
}

TEST_CASE("a callback may drop the broker and everything else of it", "[broker][close]") {
  storage::MemoryStorage disk;
  const int threads = GENERATE(1, 2);
  std::atomic<bool> dropped{false};
  base::EventCount event;
  {
    auto opened =
        Broker::Open({.data_dir = "data", .storage = &disk, .threads = threads, .log_level = LogLevel::kSilent});
    REQUIRE_OK(opened);
    std::unique_ptr<Broker> broker = *std::move(opened);
    auto partition = std::make_unique<Partition>(*(*broker->CreateTopic("orders")).partition(0));
    const Receipt receipt = Append(*partition, "one");
    receipt.OnDone([&, b = std::move(broker), p = std::move(partition)](const absl::Status& status) mutable {
      CHECK_OK(status);
      b.reset();
      p.reset();
      dropped = true;
      event.Wake();
    });
  }
  base::EventCount::Waiter waiter(event);
  while (!dropped) {
    const uint32_t key = event.key();
    if (!dropped) event.Sleep(key, std::nullopt);
  }
  auto again = Broker::Open({.data_dir = "data", .storage = &disk, .log_level = LogLevel::kSilent});
  REQUIRE_OK(again);
  CHECK((*again)->recovery().clean_shutdown);
  CHECK(ValuesOf(*(*again)->FindTopic("orders")) == Strings{"one"});
}

TEST_CASE("receipts outlive their broker and say how it ended", "[broker][close]") {
  std::optional<Receipt> stored;
  std::optional<Receipt> lost;
  {
    BrokerWorld world;
    world.Open();
    Partition partition = PartitionOf(world.Create("orders"));
    stored = Append(partition, "one");
    REQUIRE_OK(world.broker().Close());
    BrokerWorld failing;
    failing.Open();
    Partition other = PartitionOf(failing.Create("orders"));
    AppendDurably(other, "one");
    lost = Append(other, "two");
    failing.disk().SetHook([](const storage::Operation& operation) {
      return operation.kind == storage::OperationKind::kFlush ? absl::DataLossError("disk") : absl::OkStatus();
    });
  }
  CHECK_OK(stored->Wait());
  CHECK(lost->done());
  CHECK_FALSE(lost->Wait().ok());
}

TEST_CASE("a close that could not flush does not claim a clean shutdown", "[broker][close][L4]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  AppendDurably(partition, "one");
  Put(partition, "two");
  world.disk().SetHook([](const storage::Operation& operation) {
    const bool fails =
        operation.kind == storage::OperationKind::kFlush && operation.path.find("orders") != std::string::npos;
    return fails ? absl::DataLossError("disk") : absl::OkStatus();
  });
  CHECK_FALSE(world.broker().Close().ok());
  world.disk().SetHook(nullptr);
  CHECK_FALSE(world.Reopen().recovery().clean_shutdown);
}

TEST_CASE("an executor of the host that has stopped does not keep a broker from closing", "[broker][close]") {
  storage::MemoryStorage disk;
  ManualClock clock;
  auto executor = MakeManualExecutor(clock);
  auto broker = Broker::Open({.data_dir = "data", .storage = &disk, .executor = executor.get()});
  REQUIRE_OK(broker);
  Partition partition = PartitionOf(*(*broker)->CreateTopic("orders"));
  AppendDurably(partition, "one");
  CHECK_OK((*broker)->Close());
}

}  // namespace
}  // namespace moldau::test
