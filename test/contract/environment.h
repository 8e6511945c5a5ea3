// Where the clients of the contract suite live: something that has topics, reached by Moldau's public API alone. Each
// executable of the suite names its own (Backends): brokers of this process, later a cluster, a remote one, Apache
// Kafka.
//
// A test makes no assumption on how fast anything is. What takes time it waits for through the calls of the clients;
// how long a lock or a delay has to be so that it can be seen, the environment says.
//
// Threads: as the tests, one.   Ownership: clients must go before their environment.   Failure: as what is called.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "moldau/moldau.h"
#include "support/catch.h"

namespace moldau::contract {

using namespace std::chrono_literals;

// What an environment can do beyond producing, consuming and administration.
struct Abilities {
  bool queues = false;
  bool partitions = false;  // gives a Partition: append, claim, read
  bool restart = false;     // can be stopped and started again, with all that was acknowledged
  bool clock = false;       // time passes only when Pass says so, or while a call waits
};

class Environment {
 public:
  virtual ~Environment() = default;

  [[nodiscard]] virtual Abilities can() const = 0;

  // --- clients ---
  virtual absl::StatusOr<Producer> OpenProducer(ProducerOptions options) = 0;
  virtual absl::StatusOr<Consumer> Subscribe(ConsumerOptions options) = 0;
  virtual absl::StatusOr<Consumer> Assign(std::span<const TopicPartition> partitions, ConsumerOptions options) = 0;
  virtual absl::StatusOr<Queue> OpenQueue(std::string_view name, QueueOptions options) = 0;
  virtual absl::StatusOr<Partition> OpenPartition(const TopicPartition& partition) = 0;

  // --- administration ---
  virtual absl::Status CreateTopic(std::string_view name, const TopicOptions& options) = 0;
  virtual absl::StatusOr<TopicDescription> DescribeTopic(std::string_view name) = 0;
  virtual absl::StatusOr<std::vector<std::string>> ListTopics() = 0;
  virtual absl::Status DeleteTopic(std::string_view name) = 0;
  virtual absl::Status AlterTopicConfig(std::string_view name,
                                        const std::map<std::string, std::optional<std::string>>& changes) = 0;
  virtual absl::Status AddPartitions(std::string_view name, int32_t total) = 0;

  // --- time, and the end of it ---

  // The calendar of what stamps records.
  virtual Timestamp Now() = 0;
  // With a clock of its own only: lets time pass.
  virtual void Pass(std::chrono::nanoseconds time) = 0;
  // A lock or a delay that is long enough to be seen while it lasts, and short enough to be waited for.
  [[nodiscard]] virtual std::chrono::milliseconds Moment() const = 0;
  virtual absl::Status Restart() = 0;
};

struct Backend {
  const char* name;
  std::function<std::unique_ptr<Environment>()> make;
};
// What this executable checks.
const std::vector<Backend>& Backends();

// Runs `body(environment)` in a fresh environment of each back end that can do what it needs.
template <typename Body>
void OnEachBackend(const Body& body, bool Abilities::*needs = nullptr) {
  for (const Backend& backend : Backends()) {
    DYNAMIC_SECTION("on " << backend.name) {
      const std::unique_ptr<Environment> environment = backend.make();
      if (needs == nullptr || environment->can().*needs) body(*environment);
    }
  }
}

}  // namespace moldau::contract
