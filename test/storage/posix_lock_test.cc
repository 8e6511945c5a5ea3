// The lock between processes.
#include <csignal>

#include "storage/contract.h"
#include "support/child_process.h"
#include "support/pipe.h"

namespace moldau::storage {
namespace {

// A process that holds the lock until it is told otherwise, or killed.
class Holder {
 public:
  explicit Holder(const std::string& path)
      : child_([&] {
          const auto lock = PosixStorage().Lock(path);
          if (!lock.ok()) return 1;
          holds_.Signal();
          release_.CloseWrite();
          release_.Await();
          return 0;
        }) {
    holds_.CloseWrite();
    REQUIRE(holds_.Await());
  }

  test::ChildProcess& child() { return child_; }

 private:
  test::Pipe holds_, release_;
  test::ChildProcess child_;
};

}  // namespace

TEST_CASE("a lock held by another process is refused and names it", "[storage][posix][lock][L15]") {
  PosixDisk disk;
  const std::string path = disk.Path(".lock");
  Holder holder(path);
  const auto lock = disk.storage().Lock(path);
  CHECK(Refusal(lock, path) == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(lock.status().message()), Catch::Contains("process " + std::to_string(holder.child().pid())));
}

TEST_CASE("the lock of a process that was killed is free", "[storage][posix][lock][L15]") {
  PosixDisk disk;
  const std::string path = disk.Path(".lock");
  Holder holder(path);
  holder.child().Kill();
  CHECK(holder.child().Wait().signal == SIGKILL);
  CHECK_FALSE(ReadText(disk.storage(), path).empty());  // it left its id behind
  CHECK_OK(disk.storage().Lock(path));
}

TEST_CASE("a child that was forked under a lock neither keeps nor frees it", "[storage][posix][lock][L15]") {
  PosixDisk disk;
  const std::string path = disk.Path(".lock");
  auto lock = disk.storage().Lock(path);
  REQUIRE_OK(lock);
  test::Pipe dropped, end;
  test::ChildProcess child([&] {
    lock->reset();  // as the destructors of a child do
    dropped.Signal();
    end.CloseWrite();
    end.Await();
    return 0;
  });
  REQUIRE(dropped.Await());
  CHECK_FALSE(disk.storage().Lock(path).ok());
  lock->reset();
  CHECK_OK(disk.storage().Lock(path));  // though the child lives, with all that it inherited
}

TEST_CASE("the lock file holds the id of its holder while it is held", "[storage][posix][lock]") {
  PosixDisk disk;
  const std::string path = disk.Path(".lock");
  CreateFile(disk.storage(), path, "a longer text that somebody left here");
  auto lock = disk.storage().Lock(path);
  CHECK(ReadText(disk.storage(), path) == std::to_string(getpid()) + "\n");
  lock->reset();
  CHECK(ReadText(disk.storage(), path).empty());
}

TEST_CASE("a lock whose holder left no id is refused all the same", "[storage][posix][lock]") {
  PosixDisk disk;
  const std::string path = disk.Path(".lock");
  const auto lock = disk.storage().Lock(path);
  REQUIRE_OK(OpenFile(disk.storage(), path)->Truncate(0));
  CHECK_THAT(std::string(disk.storage().Lock(path).status().message()), Catch::Contains("a process that left no id"));
}

}  // namespace moldau::storage
