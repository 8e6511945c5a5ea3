// The suite on brokers of this process: on files, with threads and real time, and in memory, with neither.
#include "contract/broker_environment.h"
#include "moldau/testing/memory_broker.h"
#include "support/temp_dir.h"

namespace moldau::contract {
namespace {

class OnFiles final : public BrokerEnvironment {
 public:
  OnFiles() { REQUIRE_OK(Open()); }

  [[nodiscard]] Abilities can() const override { return {.queues = true, .partitions = true, .restart = true}; }
  Timestamp Now() override { return Clock::System().WallNow(); }
  void Pass(std::chrono::nanoseconds) override { FAIL("real time does not pass on request"); }
  [[nodiscard]] std::chrono::milliseconds Moment() const override { return 300ms; }
  absl::Status Restart() override {
    const absl::Status closed = broker_->Close();
    return closed.ok() ? Open() : closed;
  }

 protected:
  Broker& broker() override { return *broker_; }

 private:
  absl::Status Open() {
    auto opened = Broker::Open({.data_dir = directory_ / "data", .log_level = LogLevel::kSilent});
    if (!opened.ok()) return opened.status();
    broker_ = *std::move(opened);
    return absl::OkStatus();
  }

  test::TempDir directory_;
  std::unique_ptr<Broker> broker_;
};

class InMemory final : public BrokerEnvironment {
 public:
  [[nodiscard]] Abilities can() const override {
    return {.queues = true, .partitions = true, .restart = true, .clock = true};
  }
  Timestamp Now() override { return broker_.clock().WallNow(); }
  void Pass(std::chrono::nanoseconds time) override { broker_.Advance(time); }
  [[nodiscard]] std::chrono::milliseconds Moment() const override { return 10min; }
  absl::Status Restart() override { return broker_.Restart(); }

 protected:
  Broker& broker() override { return *broker_; }

 private:
  testing::MemoryBroker broker_ = testing::MemoryBroker::Open().value();
};

}  // namespace

const std::vector<Backend>& Backends() {
  static const std::vector<Backend> backends = {{"files", [] { return std::make_unique<OnFiles>(); }},
                                                {"memory", [] { return std::make_unique<InMemory>(); }}};
  return backends;
}

}  // namespace moldau::contract
