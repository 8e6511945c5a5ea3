// Fails the n-th storage operation of a broker's life, for n = 1, 2, ... until a life passes without meeting a failure.
// What had been acknowledged is then looked for three times: by the next process, after a power cut, and on the disk
// as it is.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker_life.h"

namespace moldau::test {

enum class Failing { kOnce, kFromThenOn };

class FailingOperations {
 public:
  using Error = std::function<absl::Status(const storage::Operation&)>;

  FailingOperations(Failing failing, Error error) : failing_(failing), error_(std::move(error)) {}

  // Fails every `step`-th operation.
  void Run(uint64_t step = 1) {
    uint64_t failures = 1;
    for (uint64_t n = 1; failures > 0; n += step) {
      failures = LiveOnce(n);
      operations_ = n - 1;
      ++lives_;
    }
  }

  // Of the life that met no failure, about.
  [[nodiscard]] uint64_t operations() const { return operations_; }
  [[nodiscard]] int lives() const { return lives_; }

  static absl::Status IoError(const storage::Operation& operation) {
    return absl::DataLossError(operation.path + ": input/output error");
  }
  // Of those that need space.
  static absl::Status NoSpace(const storage::Operation& operation) {
    switch (operation.kind) {
      case storage::OperationKind::kOpen:
      case storage::OperationKind::kWrite:
      case storage::OperationKind::kAllocate:
      case storage::OperationKind::kCreateDirectory:
      case storage::OperationKind::kRename:
        return absl::ResourceExhaustedError(operation.path + ": no space left on device");
      default:
        return absl::OkStatus();
    }
  }

 private:
  // Returns how many operations were at or behind the n-th, and so would have failed.
  uint64_t LiveOnce(uint64_t n) {
    BrokerWorld world;
    uint64_t met = 0;
    world.disk().SetHook([&](const storage::Operation& operation) {
      if (operation.number < n) return absl::OkStatus();
      ++met;
      return operation.number == n || failing_ == Failing::kFromThenOn ? error_(operation) : absl::OkStatus();
    });
    BrokerLife life(world);
    try {
      life.Run();
      world.disk().SetHook(nullptr);
      life.Check(world.AfterKill(), After::kKill);
      life.Check(world.AfterPowerCut(), After::kPowerCut);
      world.Drop();
      life.Check(world.AfterKill(), After::kKill);
    } catch (const Violation& violation) {
      world.disk().SetHook(nullptr);
      throw Violation(absl::StrFormat("operation %d failed: %s", n, violation.what()));
    }
    return met;
  }

  const Failing failing_;
  const Error error_;
  uint64_t operations_ = 0;
  int lives_ = 0;
};

}  // namespace moldau::test
