// Every order of a few events on one queue, through the broker and what it writes: a receive, an acknowledgement, a
// lock that lapses, the death of the process, a power cut, a restart. A plain model says what each of them must find.
#include <array>
#include <deque>

#include "client/queue_world.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

constexpr int kRecords = 2;
constexpr auto kLock = 30s;

enum class Event { kReceive, kAcknowledge, kLapse, kKill, kPowerCut, kRestart };
constexpr int kEvents = 6;

// What is to be known of the records, at one of three places: in memory, written, durable.
struct Knowledge {
  std::array<int, kRecords> deliveries{};
  std::array<bool, kRecords> done{};
};

class Orders {
 public:
  Orders() {
    Open();
    for (int i = 0; i < kRecords; ++i) Append(*broker_, "jobs", {.value = std::to_string(i)});
    REQUIRE_OK(broker_->Flush());
  }

  void Do(Event event) {
    switch (event) {
      case Event::kReceive:
        return Receive();
      case Event::kAcknowledge:
        return Acknowledge();
      case Event::kLapse:
        Pass(kLock - 3s);  // what was said is written
        Pass(3s);          // and flushed
        durable_ = written_ = live_;
        return;
      case Event::kKill:
        Crash(/*power_cut=*/false);
        live_ = written_;
        return;
      case Event::kPowerCut:
        Crash(/*power_cut=*/true);
        live_ = written_ = durable_;
        return;
      case Event::kRestart:
        REQUIRE_OK(broker_->Close());
        Forget();
        Open();
        durable_ = written_ = live_;
        return;
    }
  }

  // Once every lock has lapsed, what is not done is handed out, each record once; then nothing is left, now or later.
  void Drain() {
    Pass(1h);
    const Knowledge before = live_;
    std::array<int, kRecords> found{};
    for (Lease& lease : ReceivedAll(*queue_)) {
      const auto i = static_cast<size_t>(lease.offset());
      ++found[i];
      if (lease.delivery_count() != before.deliveries[i] + 1) FAIL("delivery count of " << i);
      if (!lease.Ack().ok()) FAIL("the last acknowledgement of " << i);
    }
    for (size_t i = 0; i < kRecords; ++i) {
      if (found[i] != (before.done[i] ? 0 : 1)) FAIL("record " << i << " found " << found[i] << " times");
    }
    if (queue_->Describe()->depth != 0) FAIL("something is stuck");
    Do(Event::kRestart);
    if (!IsEmpty(*queue_)) FAIL("something came back");
  }

 private:
  struct Held {
    Lease lease;
    MonoTime until;
    int life;
  };

  void Open() {
    executor_ = MakeManualExecutor(clock_);
    broker_ = OpenBroker(*disk_, clock_, *executor_, /*queue_state_partitions=*/1);
    queue_.emplace(OpenQueue(*broker_, {.max_deliveries = 0, .lock_duration = kLock}));
  }
  void Forget() {
    queue_.reset();
    broker_.reset();
    executor_.reset();
    locked_until_.fill(MonoTime(0));
    ++life_;
  }
  void Crash(bool power_cut) {
    auto next = disk_->CrashImage({.new_boot = power_cut});
    Forget();
    disk_ = std::move(next);
    Open();
  }
  void Pass(std::chrono::nanoseconds time) {
    clock_.Advance(time);
    RunTasks(*executor_);
  }

  void Receive() {
    int expected = 0;
    const auto is_free = [&](size_t i) { return !live_.done[i] && locked_until_[i] <= clock_.Now(); };
    while (expected < kRecords && !is_free(static_cast<size_t>(expected))) ++expected;
    auto lease = queue_->Receive(0ms);
    REQUIRE_OK(lease);
    written_ = live_;  // the verdicts so far, whatever it finds
    if (expected == kRecords) {
      if (*lease) FAIL("received " << lease->offset() << ", expected nothing");
      return;
    }
    const auto i = static_cast<size_t>(expected);
    ++live_.deliveries[i];
    if (!*lease || lease->offset() != expected) FAIL("did not receive " << expected);
    if (lease->delivery_count() != live_.deliveries[i]) FAIL("delivery count of " << expected);
    locked_until_[i] = clock_.Now() + kLock;
    written_ = live_;
    held_.push_back({*std::move(lease), locked_until_[i], life_});
  }

  // By whoever has held a lease for longest; those that have lapsed and those of former lives are refused.
  void Acknowledge() {
    if (held_.empty()) return;
    Held held = std::move(held_.front());
    held_.pop_front();
    const bool holds = held.life == life_ && clock_.Now() < held.until;
    const absl::Status status = held.lease.Ack();
    if (status.ok() != holds) FAIL("acknowledgement of " << held.lease.offset() << ": " << status.ToString());
    if (holds) live_.done[static_cast<size_t>(held.lease.offset())] = true;
  }

  std::unique_ptr<storage::MemoryStorage> disk_ = std::make_unique<storage::MemoryStorage>();
  ManualClock clock_;
  std::unique_ptr<ManualExecutor> executor_;
  std::unique_ptr<Broker> broker_;
  std::optional<Queue> queue_;
  std::deque<Held> held_;
  int life_ = 0;
  std::array<MonoTime, kRecords> locked_until_{};
  Knowledge live_;
  Knowledge written_;
  Knowledge durable_;
};

TEST_CASE("in every order of up to six events no record is lost, stuck or in two hands",
          "[client][queue][Q2][Q3][Q10]") {
  const int longest = Scale() < 0.5 ? 4 : 6;
  int64_t histories = 0;
  // Nothing that happens before the first receive makes a difference.
  for (int length = 1, count = 1; length <= longest; ++length, count *= kEvents) {
    for (int order = 0; order < count; ++order, ++histories) {
      Orders orders;
      std::string name = "receive";
      orders.Do(Event::kReceive);
      for (int i = 1, rest = order; i < length; ++i, rest /= kEvents) {
        name += ", " + std::to_string(rest % kEvents);
        INFO("events: " << name);
        orders.Do(static_cast<Event>(rest % kEvents));
      }
      INFO("events: " << name);
      orders.Drain();
    }
  }
  Figure("queue through the broker: %d histories of up to %d events, 0 records lost, stuck or in two hands", histories,
         longest);
}

}  // namespace
}  // namespace moldau
