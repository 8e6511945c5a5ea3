#include "client/readiness.h"

#include <sys/eventfd.h>

#include <thread>
#include <vector>

#include "client/descriptors.h"
#include "client/manual_world.h"
#include "support/scale.h"

namespace moldau::client {
namespace {

using namespace test;

class Counter final : public Readiness::Listener {
 public:
  void OnReady() noexcept override { told.fetch_add(1); }
  std::atomic<int> told{0};
};

struct Subject {
  int Descriptor() {
    const auto fd = readiness.OpenDescriptor();
    REQUIRE_OK(fd);
    return *fd;
  }

  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  std::vector<bool> changes;
  Readiness readiness{*executor, [this](bool is_armed) { changes.push_back(is_armed); }};
  std::shared_ptr<Counter> listener = std::make_shared<Counter>();
};

TEST_CASE("a wake-up is told once, to the descriptor and to each listener", "[client][readiness]") {
  Subject it;
  const int fd = it.Descriptor();
  CHECK(IsReadable(fd));  // nobody has looked yet
  const auto other = std::make_shared<Counter>();
  it.readiness.Arm(it.listener);
  it.readiness.Arm(it.listener);
  it.readiness.Arm(other);
  CHECK_FALSE(IsReadable(fd));

  it.readiness.Wake();
  CHECK(it.listener->told == 1);
  CHECK(other->told == 1);
  it.readiness.Wake();
  it.readiness.Wake();
  CHECK(it.listener->told == 1);
  CHECK(it.changes == std::vector<bool>{true, false});
  eventfd_t times = 0;
  REQUIRE(eventfd_read(fd, &times) == 0);
  CHECK(times == 1);  // system calls
}

TEST_CASE("a wake-up that comes before anybody waits costs nothing and is nobody's", "[client][readiness]") {
  Subject it;
  it.readiness.Wake();
  it.readiness.Arm(it.listener);
  CHECK(it.listener->told == 0);
  CHECK(it.changes == std::vector<bool>{true});
}

TEST_CASE("a descriptor that is opened while a listener waits is looked at like any other", "[client][readiness]") {
  Subject it;
  it.readiness.Arm(it.listener);
  const int fd = it.Descriptor();
  CHECK(IsReadable(fd));
  it.readiness.Arm();  // somebody has looked and found nothing
  CHECK_FALSE(IsReadable(fd));
  it.readiness.Wake();
  CHECK(IsReadable(fd));
  CHECK(it.listener->told == 1);
}

TEST_CASE("a listener that was forgotten is not told", "[client][readiness]") {
  Subject it;
  it.readiness.Arm(it.listener);
  it.readiness.Forget(it.listener.get());
  it.readiness.Forget(it.listener.get());
  it.readiness.Wake();
  CHECK(it.listener->told == 0);
  CHECK(it.listener.use_count() == 1);
}

TEST_CASE("of several times to wake at the earliest counts", "[client][readiness]") {
  Subject it;
  it.readiness.Arm(it.listener);
  it.readiness.WakeAt(it.clock.Now() + 20ms);
  it.readiness.WakeAt(it.clock.Now() + 10ms);
  it.readiness.WakeAt(it.clock.Now() + 30ms);
  it.clock.Advance(9ms);
  CHECK(it.executor->Poll() == 0);
  it.clock.Advance(1ms);
  CHECK(it.executor->Poll() == 1);
  CHECK(it.listener->told == 1);
  CHECK(it.executor->NextDue() == kForever);
}

TEST_CASE("once closed it tells everybody, stays readable and is not armed again", "[client][readiness]") {
  Subject it;
  const int fd = it.Descriptor();
  it.readiness.Arm(it.listener);
  it.readiness.WakeAt(it.clock.Now() + 10ms);
  it.readiness.Close();
  CHECK(it.listener->told == 1);
  CHECK(it.executor->NextDue() == kForever);
  it.readiness.Arm(it.listener);
  it.readiness.WakeAt(it.clock.Now() + 10ms);
  CHECK_FALSE(it.readiness.is_armed());
  CHECK(IsReadable(fd));
  CHECK(it.executor->NextDue() == kForever);
}

// One thread raises a number and wakes, the other looks, arms, looks again and sleeps in the kernel.
TEST_CASE("no wake-up is lost between looking and sleeping", "[client][readiness][threads]") {
  const int count = Scaled(20'000);
  Subject it;
  const int fd = it.Descriptor();
  std::atomic<int> value{0};
  std::thread writer([&] {
    for (int i = 1; i <= count; ++i) {
      value.store(i, std::memory_order_seq_cst);
      it.readiness.Wake();
    }
  });
  bool slept = true;
  for (int seen = 0; seen < count && slept;) {
    slept = AwaitReadable(fd);
    if (const int now = value.load(std::memory_order_seq_cst); now != seen) {
      seen = now;
      continue;
    }
    it.readiness.Arm();
    if (value.load(std::memory_order_seq_cst) != seen) it.readiness.Wake();
  }
  writer.join();
  CHECK(slept);
}

}  // namespace
}  // namespace moldau::client
