// Each case runs in a child: a handler of signals is for the whole process, and for ever.
#include "storage/sigbus_guard.h"

#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "storage/contract.h"
#include "support/child_process.h"

namespace moldau::storage {
namespace {

constexpr size_t kSize = 16 * 4096;

// A mapping whose second half has lost its file, as a medium fails.
struct Broken {
  explicit Broken(PosixDisk& disk) {
    const auto file = PosixStorage().Open(disk.Path("file"), OpenMode::kOpenOrCreate).value();
    static_cast<void>(file->Allocate(kSize));
    mapping = file->Map(kSize, MapMode::kReadWrite).value();
    static_cast<void>(file->Truncate(kSize / 2));
  }

  [[nodiscard]] std::span<const std::byte> range(size_t offset, size_t size) const {
    return {mapping->data() + offset, size};
  }

  std::unique_ptr<Mapping> mapping;
};

uint64_t Sum(std::span<const std::byte> bytes) {
  uint64_t sum = 0;
  for (const std::byte byte : bytes) sum += static_cast<uint64_t>(byte);
  return sum;
}

absl::Status GuardedSum(std::span<const std::byte> bytes) {
  volatile uint64_t sum = 0;
  return WithSigbusGuard("file", bytes, [&] { sum = Sum(bytes); });
}

void HandleSigbusByDefault() { std::signal(SIGBUS, SIG_DFL); }

void ExitOnSigbus(int) { _exit(42); }

}  // namespace

TEST_CASE("a guarded read of a page that fails is an error, again and again", "[storage][sigbus][L2][L3]") {
  PosixDisk disk;
  const auto end = test::RunInChild([&] {
    HandleSigbusByDefault();
    if (!InstallSigbusGuard().ok() || !InstallSigbusGuard().ok()) return 1;
    const Broken broken(disk);
    for (int i = 0; i < 3; ++i) {
      if (!absl::IsDataLoss(GuardedSum(broken.range(0, kSize)))) return 2;
      if (!GuardedSum(broken.range(0, kSize / 2)).ok()) return 3;
      if (!absl::IsDataLoss(GuardedSum(broken.range(kSize / 2 + 100, 10)))) return 4;
    }
    return 0;
  });
  CHECK(end.exit_status == 0);
}

TEST_CASE("each thread has its own guard", "[storage][sigbus]") {
  PosixDisk disk;
  const auto end = test::RunInChild([&] {
    HandleSigbusByDefault();
    if (!InstallSigbusGuard().ok()) return 1;
    const Broken broken(disk);
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          const bool fails = (i + t) % 2 == 0;
          right += GuardedSum(broken.range(fails ? kSize / 2 : 0, 4096)).ok() == !fails ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return right == 200 ? 0 : 2;
  });
  CHECK(end.exit_status == 0);
}

TEST_CASE("guards nest, and the one of the failing page answers", "[storage][sigbus]") {
  PosixDisk disk;
  const auto end = test::RunInChild([&] {
    HandleSigbusByDefault();
    if (!InstallSigbusGuard().ok()) return 1;
    const Broken broken(disk);
    volatile bool inner_failed = false;
    volatile bool inner_returned = false;
    const absl::Status outer = WithSigbusGuard("outer", broken.range(kSize / 2, 4096), [&] {
      // The inner guard is for another range: its access fails in that of the outer one.
      inner_failed = !WithSigbusGuard("inner", broken.range(kSize - 4096, 4096), [&] {
                        volatile uint64_t sum = Sum(broken.range(kSize - 4096, 1));
                        static_cast<void>(sum);
                      }).ok();
      static_cast<void>(WithSigbusGuard("inner", broken.range(0, 4096), [&] {
        volatile uint64_t sum = Sum(broken.range(kSize / 2, 1));
        static_cast<void>(sum);
      }));
      inner_returned = true;
    });
    if (!inner_failed) return 2;
    if (inner_returned) return 3;
    return outer.message().find("outer") != absl::string_view::npos ? 0 : 4;
  });
  CHECK(end.exit_status == 0);
}

TEST_CASE("without the guard a failing page ends the process", "[storage][sigbus][L2][L3]") {
  PosixDisk disk;
  const auto end = test::RunInChild([&] {
    HandleSigbusByDefault();
    const Broken broken(disk);
    return GuardedSum(broken.range(0, kSize)).ok() ? 0 : 1;
  });
  CHECK(end.signal == SIGBUS);
}

TEST_CASE("a failure outside of guarded ranges goes where it went before", "[storage][sigbus]") {
  PosixDisk disk;
  SECTION("to the end of the process") {
    const auto end = test::RunInChild([&] {
      HandleSigbusByDefault();
      if (!InstallSigbusGuard().ok()) return 1;
      const Broken broken(disk);
      volatile uint64_t sum = Sum(broken.range(kSize / 2, 1));
      return static_cast<int>(sum);
    });
    CHECK(end.signal == SIGBUS);
  }
  SECTION("to the handler of the host") {
    const auto end = test::RunInChild([&] {
      std::signal(SIGBUS, ExitOnSigbus);
      if (!InstallSigbusGuard().ok()) return 1;
      const Broken broken(disk);
      volatile uint64_t sum = 0;
      static_cast<void>(WithSigbusGuard("file", broken.range(0, 4096), [&] { sum = Sum(broken.range(kSize / 2, 1)); }));
      return 2;
    });
    CHECK(end.exit_status == 42);
  }
}

TEST_CASE("nothing touches the signal until the guard is asked for", "[storage][sigbus]") {
  PosixDisk disk;
  const auto end = test::RunInChild([&] {
    std::signal(SIGBUS, ExitOnSigbus);
    const auto file = PosixStorage().Open(disk.Path("file"), OpenMode::kCreate).value();
    if (!file->Allocate(kSize).ok()) return 1;
    const auto mapping = file->Map(kSize, MapMode::kReadWrite).value();
    if (!GuardedSum({mapping->data(), kSize}).ok()) return 2;
    struct sigaction now;
    sigaction(SIGBUS, nullptr, &now);
    return now.sa_handler == ExitOnSigbus ? 0 : 3;
  });
  CHECK(end.exit_status == 0);
}

}  // namespace moldau::storage
