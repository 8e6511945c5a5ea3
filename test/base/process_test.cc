// What only a process of its own can show: forked children and failed checks.
#include <csignal>
#include <string>

#include "base/check.h"
#include "base/fork_guard.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/pipe.h"

namespace moldau::base {
namespace {

// What a child prints to standard error before it dies, and of which signal.
std::pair<std::string, int> LastWords(absl::FunctionRef<void()> run) {
  test::Pipe pipe;
  test::ChildProcess child([&] {
    std::signal(SIGABRT, SIG_DFL);
    dup2(pipe.write_end(), STDERR_FILENO);
    run();
    return 0;
  });
  std::string words = pipe.ReadAll();
  return {words, child.Wait().signal};
}

}  // namespace

TEST_CASE("a forked child knows that it is one", "[fork_guard]") {
  const ForkGuard guard;
  CHECK_FALSE(guard.in_child());
  CHECK(test::RunInChild([&] { return guard.in_child() ? 7 : 8; }).exit_status == 7);
  CHECK_FALSE(guard.in_child());
}

TEST_CASE("a guard made by a child trusts the child and not the grandchild", "[fork_guard]") {
  const int status = test::RunInChild([] {
                       const ForkGuard guard;
                       if (guard.in_child()) return 1;
                       const pid_t grandchild = fork();
                       if (grandchild == 0) _exit(guard.in_child() ? 7 : 8);
                       int ended = 0;
                       waitpid(grandchild, &ended, 0);
                       return WEXITSTATUS(ended);
                     }).exit_status;
  CHECK(status == 7);
}

TEST_CASE("a check that holds costs nothing and says nothing", "[check]") {
  const auto [words, signal] = LastWords([] { MOLDAU_CHECK(1 + 1 == 2, "arithmetic"); });
  CHECK(words.empty());
  CHECK(signal == 0);
}

TEST_CASE("a check that fails says where and what, and aborts", "[check]") {
  const int size = 3;
  const auto [words, signal] = LastWords([&] { MOLDAU_CHECK(size > 5, "size is %d", size); });
  CHECK(signal == SIGABRT);
  CHECK_THAT(words, Catch::Contains("process_test.cc:") && Catch::Contains("check failed: size > 5: size is 3"));
  CHECK_THAT(LastWords([&] { MOLDAU_CHECK(size > 5); }).first, Catch::Contains("check failed: size > 5\n"));
}

}  // namespace moldau::base
