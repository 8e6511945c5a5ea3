// A process that a drill starts and kills: a program that says on its standard output, message by message, what it was
// promised.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace moldau::test {

template <typename Message>
class Victim {
 public:
  explicit Victim(std::vector<std::string> command) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    std::vector<char*> arguments;
    for (std::string& argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    close(ends[1]);
    pipe_ = ends[0];
  }
  ~Victim() {
    if (pid_ > 0) Kill();
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  // Passes on what it says until `after_first` has passed since the first message, kills it, and passes on what is left
  // in the pipe.
  template <typename OnMessage>
  void RunAndKill(std::chrono::microseconds after_first, OnMessage on_message) {
    Pass(on_message);
    const auto deadline = std::chrono::steady_clock::now() + after_first;
    while (std::chrono::steady_clock::now() < deadline) {
      pollfd readable{pipe_, POLLIN, 0};
      if (poll(&readable, 1, 1) > 0) Pass(on_message);
    }
    kill(pid_, SIGKILL);
    while (Pass(on_message)) {
    }
    const int status = Kill();
    INFO("the victim ended by itself with status " << status);
    REQUIRE(WIFSIGNALED(status));
  }

 private:
  int Kill() {
    int status = 0;
    kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), &status, 0);
    close(pipe_);
    return status;
  }

  template <typename OnMessage>
  bool Pass(OnMessage& on_message) const {
    Message message;
    size_t have = 0;
    while (have < sizeof(message)) {
      const ssize_t n = read(pipe_, reinterpret_cast<char*>(&message) + have, sizeof(message) - have);
      if (n <= 0) return false;
      have += static_cast<size_t>(n);
    }
    on_message(message);
    return true;
  }

  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace moldau::test
