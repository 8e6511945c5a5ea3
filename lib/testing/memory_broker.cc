#include "moldau/testing/memory_broker.h"

#include <atomic>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/status_builder.h"
#include "moldau/base/random.h"
#include "testing/fault_plan.h"
#include "testing/test_clock.h"

namespace moldau::testing {
namespace {

// A disk from its beginning to a crash.
struct Life {
  std::unique_ptr<storage::MemoryStorage> disk;
  std::atomic<bool> over = false;
};

}  // namespace

class MemoryBroker::World {
 public:
  explicit World(MemoryBrokerOptions options)
      : clock_(options.start, options.waiting),
        faults_(clock_),
        capacity_bytes_(options.capacity_bytes),
        options_(std::move(options.broker)) {
    if (options_.seed == 0) options_.seed = 1;
    random_ = Random(options_.seed);
    if (!options_.log_sink) options_.log_sink = LogToStandardError;
    options_.data_dir = "data";
    options_.clock = &clock_;
    options_.executor = nullptr;
    options_.threads = 0;
  }

  // Begins a life with this disk.
  absl::Status OpenOn(std::unique_ptr<storage::MemoryStorage> disk) {
    Life& life = *lives_.emplace_back(std::make_unique<Life>());
    life.disk = std::move(disk);
    life.disk->SetCapacity(capacity_bytes_);
    life.disk->SetHook([this, &life](const storage::Operation& operation) {
      if (life.over) return absl::UnavailableError(operation.path + ": the broker has crashed");
      return faults_.Meet(operation);
    });
    return Open();
  }

  absl::Status Open() {
    Life& life = *lives_.back();
    BrokerOptions options = options_;
    options.storage = life.disk.get();
    options.log_sink = [sink = options_.log_sink, &life](LogLevel level, std::string_view text) {
      if (!life.over) sink(level, text);  // what the dead have to say is of no interest
    };
    MOLDAU_ASSIGN_OR_RETURN(broker_, Broker::Open(std::move(options)));
    return absl::OkStatus();
  }

  absl::Status Restart() {
    absl::Status closed;
    if (broker_ != nullptr) closed = broker_->Close();
    broker_ = nullptr;
    const absl::Status opened = Open();
    return opened.ok() ? closed : opened;
  }

  absl::Status Crash(CrashKind kind) {
    Life& life = *lives_.back();
    storage::MemoryStorage::CrashPlan plan;
    plan.new_boot = kind != CrashKind::kProcessDies;
    if (kind == CrashKind::kPowerTears) plan = life.disk->RandomPlan(random_);
    std::unique_ptr<storage::MemoryStorage> image = life.disk->CrashImage(plan);
    // From here on nothing can be flushed, so what closing does is to fail the receipts that are open.
    life.over = true;
    broker_ = nullptr;
    return OpenOn(std::move(image));
  }

  void Advance(std::chrono::nanoseconds time) {
    const MonoTime end = DeadlineAfter(clock_, time);
    while (broker_ != nullptr) {
      const std::chrono::nanoseconds idle = broker_->Poll();
      const MonoTime now = clock_.Now();
      if (idle.count() > 0 && now >= end) return;
      if (idle.count() > 0) clock_.AdvanceTo(idle < end - now ? now + idle : end);
    }
    clock_.AdvanceTo(end);
  }

  void SetCapacity(uint64_t bytes) {
    capacity_bytes_ = bytes;
    disk().SetCapacity(bytes);
  }

  [[nodiscard]] Broker* broker() const { return broker_.get(); }
  [[nodiscard]] storage::MemoryStorage& disk() const { return *lives_.back()->disk; }
  [[nodiscard]] TestClock& clock() { return clock_; }
  [[nodiscard]] FaultPlan& faults() { return faults_; }

 private:
  TestClock clock_;
  FaultPlan faults_;
  uint64_t capacity_bytes_;
  BrokerOptions options_;
  Random random_{0};
  std::vector<std::unique_ptr<Life>> lives_;  // the earlier ones too, for handles that are left of them
  std::unique_ptr<Broker> broker_;
};

absl::StatusOr<MemoryBroker> MemoryBroker::Open(MemoryBrokerOptions options) {
  auto world = std::make_unique<World>(std::move(options));
  MOLDAU_RETURN_IF_ERROR(world->OpenOn(std::make_unique<storage::MemoryStorage>()));
  return MemoryBroker(std::move(world));
}

MemoryBroker::MemoryBroker(std::unique_ptr<World> world) noexcept : world_(std::move(world)) {}
MemoryBroker::~MemoryBroker() = default;
MemoryBroker::MemoryBroker(MemoryBroker&&) noexcept = default;
MemoryBroker& MemoryBroker::operator=(MemoryBroker&&) noexcept = default;

Broker& MemoryBroker::operator*() const noexcept {
  MOLDAU_CHECK(world_->broker() != nullptr);
  return *world_->broker();
}

void MemoryBroker::Advance(std::chrono::nanoseconds time) { world_->Advance(time); }
void MemoryBroker::JumpWall(std::chrono::milliseconds by) { world_->clock().JumpWall(by); }
Clock& MemoryBroker::clock() const noexcept { return world_->clock(); }

void MemoryBroker::Inject(Fault fault) { world_->faults().Add(std::move(fault)); }
void MemoryBroker::ClearFaults() { world_->faults().Clear(); }
uint64_t MemoryBroker::faults_struck() const { return world_->faults().struck(); }
void MemoryBroker::SetCapacity(uint64_t bytes) { world_->SetCapacity(bytes); }
uint64_t MemoryBroker::used_bytes() const { return world_->disk().used_bytes(); }

absl::Status MemoryBroker::Crash(CrashKind kind) { return world_->Crash(kind); }
absl::Status MemoryBroker::Restart() { return world_->Restart(); }
storage::MemoryStorage& MemoryBroker::disk() const noexcept { return world_->disk(); }

}  // namespace moldau::testing
