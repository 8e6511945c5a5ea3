// Runs a function in a forked child, for what a process can only do once: die, lose its rights, hit its limits. The
// child reports by its exit status; assertions belong into the parent.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/functional/function_ref.h"
#include "support/catch.h"

namespace moldau::test {

// How a child ended.
struct ChildEnd {
  int exit_status = -1;  // -1: by a signal
  int signal = 0;
};

class ChildProcess {
 public:
  explicit ChildProcess(absl::FunctionRef<int()> run) : pid_(fork()) {
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) _exit(run());
  }
  ~ChildProcess() {
    if (pid_ <= 0) return;
    Kill();
    Wait();
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  void Kill() const { kill(pid_, SIGKILL); }

  ChildEnd Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    if (WIFEXITED(status)) return {.exit_status = WEXITSTATUS(status)};
    return {.signal = WTERMSIG(status)};
  }

 private:
  pid_t pid_;
};

inline ChildEnd RunInChild(absl::FunctionRef<int()> run) { return ChildProcess(run).Wait(); }

}  // namespace moldau::test
