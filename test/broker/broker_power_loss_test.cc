// Pulls the plug at every storage operation of a broker's life (opening, creating, appending, rolling, trimming,
// checkpoint, deleting, closing), with every subset of what the disk had not been told to keep while there are few,
// and kills the process there too. For some, the plug is pulled again at each operation of the opening that follows.
#include <exception>

#include "broker_life.h"
#include "moldau/base/random.h"
#include "support/crash_plans.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

class BrokerPowerLoss {
 public:
  void Run() {
    BrokerWorld world;
    BrokerLife life(world);
    world.disk().SetHook([&](const storage::Operation& operation) {
      if (inside_ || broken_ != nullptr || operation.number % step_ != 0) return absl::OkStatus();
      inside_ = true;
      try {
        CrashAt(world, life);
      } catch (...) {  // nothing may be thrown through the broker
        broken_ = std::current_exception();
      }
      inside_ = false;
      return absl::OkStatus();
    });
    life.Run();
    world.disk().SetHook(nullptr);
    if (broken_ != nullptr) std::rethrow_exception(broken_);
  }

  [[nodiscard]] int64_t operations() const { return operations_; }
  [[nodiscard]] int64_t states() const { return states_; }
  [[nodiscard]] int64_t states_in_opening() const { return states_in_opening_; }

 private:
  void CrashAt(BrokerWorld& world, const BrokerLife& life) {
    ++operations_;
    ++states_;
    life.Check(world.AfterKill(), After::kKill);
    ForEachCrashPlan(world.disk(), random_, Scaled(10), [&](const auto& plan) {
      ++states_;
      life.Check(world.disk().CrashImage(plan), After::kPowerCut);
      if (plans_++ % 64 == 0) CrashWhileOpening(world.disk().CrashImage(plan), life);
    });
  }

  void CrashWhileOpening(std::unique_ptr<storage::MemoryStorage> disk, const BrokerLife& life) {
    std::exception_ptr broken;
    BrokerWorld next({}, std::move(disk));
    next.disk().SetHook([&](const storage::Operation&) {
      if (broken != nullptr) return absl::OkStatus();
      ++states_in_opening_;
      try {
        life.Check(next.disk().CrashImage(next.disk().RandomPlan(random_)), After::kPowerCut);
      } catch (...) {
        broken = std::current_exception();
      }
      return absl::OkStatus();
    });
    const absl::Status opened = next.TryOpen();
    next.disk().SetHook(nullptr);
    DemandOk(opened, "opened again");
    if (broken != nullptr) std::rethrow_exception(broken);
  }

  const uint64_t step_ = static_cast<uint64_t>(std::max(1.0, 1 / Scale()));
  Random random_{3};
  bool inside_ = false;
  std::exception_ptr broken_;
  int64_t plans_ = 0;
  int64_t operations_ = 0;
  int64_t states_ = 0;
  int64_t states_in_opening_ = 0;
};

TEST_CASE("a power cut at any operation of a broker's life loses nothing that was acknowledged",
          "[broker][recovery][power]") {
  BrokerPowerLoss loss;
  loss.Run();
  CHECK(loss.states() > loss.operations());
  CHECK(loss.states_in_opening() > 0);
  Figure("power loss, a whole broker: %d crash states at %d storage operations and %d within the opening after it",
         loss.states(), loss.operations(), loss.states_in_opening());
}

}  // namespace
}  // namespace moldau::test
