#include "program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "harness/support.h"

namespace moldau::bench {

Program::Program(std::vector<std::string> command) : name_(command.front()) {
  int input[2];
  int output[2];
  if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) Die("cannot make a pipe");
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    dup2(input[0], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(input[0]);
  close(output[1]);
  to_ = input[1];
  from_ = output[0];
}

Program::~Program() {
  close(to_);
  waitpid(process_, nullptr, 0);
  close(from_);
}

double Program::Run(const Turn& turn) {
  const std::string line =
      absl::StrFormat("%s %s %d %d\n", turn.workload, turn.directory, turn.message_bytes, turn.records);
  if (write(to_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) Die(name_ + " has ended");
  const std::string answer = ReadLine();
  double result = 0;
  if (!absl::SimpleAtod(answer, &result)) Die(name_ + " answers \"" + answer + "\" to " + line);
  return result;
}

std::string Program::ReadLine() {
  std::string line;
  for (char byte; read(from_, &byte, 1) == 1; line += byte) {
    if (byte == '\n') return line;
  }
  Die(name_ + " has ended without an answer");
}

namespace {

double StatusBytes(pid_t process, std::string_view name) {
  std::ifstream in(absl::StrFormat("/proc/%d/status", process));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return 1024 * std::atof(line.c_str() + name.size());
  }
  Die(absl::StrFormat("process %d has no %s", process, std::string(name)));
}

}  // namespace

FirstRecord StartAndRead(std::vector<std::string> command) {
  constexpr auto kUntilIdle = std::chrono::milliseconds(300);
  FirstRecord result;
  std::optional<Program> program;
  result.seconds = SecondsOf([&] { program.emplace(std::move(command)).ReadLine(); });
  std::this_thread::sleep_for(kUntilIdle);
  const pid_t process = program->id();
  result.own_bytes = StatusBytes(process, "RssAnon:") + StatusBytes(process, "RssShmem:");
  result.file_bytes = StatusBytes(process, "RssFile:");
  return result;
}

}  // namespace moldau::bench
