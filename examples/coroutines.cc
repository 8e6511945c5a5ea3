// Coroutines on one thread: one reads a text and sends it line by line, one consumes the lines and makes a job of each
// word that is new, and three work on these jobs. Each reads as if it blocked, and none does.
//
//   coroutines [FILE]
#include <cctype>
#include <chrono>
#include <coroutine>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "moldau/moldau.h"

using namespace std::chrono_literals;

namespace {

// A coroutine that begins at once and cleans up after itself.
struct Job {
  struct promise_type {
    Job get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

struct Program {
  moldau::Executor& executor;
  moldau::Producer producer;
  moldau::Consumer lines;
  moldau::Queue words;

  int sent = 0;
  int stored = 0;
  int consumed = 0;
  int found = 0;
  int worked = 0;
  int running = 0;
  std::map<std::string, std::string> longest;  // by worker
};

Job Publish(Program& program, std::string path) {
  ++program.running;
  std::ifstream file(path);
  moldau::Receipt last;
  for (std::string line; std::getline(file, line); ++program.sent) {
    last = program.producer.Send("lines", {.value = line}).value();
  }
  if ((co_await moldau::WaitAsync(last, program.executor)).ok()) program.stored = program.sent;
  --program.running;
}

Job FindWords(Program& program) {
  ++program.running;
  std::set<std::string> known;
  for (;;) {
    const auto records = co_await program.lines.PollAsync(program.executor);
    if (!records.ok()) break;  // closed
    for (const moldau::ConsumerRecord& line : *records) {
      ++program.consumed;
      std::istringstream text{std::string(line.value())};
      for (std::string word; text >> word;) {
        std::erase_if(word, [](unsigned char c) { return std::isalpha(c) == 0; });
        if (word.empty() || !known.insert(word).second) continue;
        program.words.Send({.value = word}).value();
        ++program.found;
      }
    }
  }
  --program.running;
}

Job Work(Program& program, std::string name) {
  ++program.running;
  for (;;) {
    auto word = co_await program.words.ReceiveAsync(program.executor);
    if (!word.ok()) break;  // closed
    std::string& longest = program.longest[name];
    if (word->value().size() > longest.size()) longest = word->value();
    if (word->Ack().ok()) ++program.worked;
  }
  --program.running;
}

}  // namespace

int main(int argc, char** argv) {
  const auto executor = moldau::MakeManualExecutor(moldau::Clock::System());  // outlives what waits on it
  auto broker = moldau::Broker::Open({.data_dir = "coroutines.data"}).value();
  broker->OpenTopic("lines", {.durability = moldau::Durability::kBuffered}).value();
  const auto latest = moldau::OffsetReset::kLatest;  // of this run
  Program program{
      .executor = *executor,
      .producer = moldau::Producer(*broker),
      .lines = moldau::Consumer::Subscribe(*broker, {.topics = {"lines"}, .auto_offset_reset = latest}).value(),
      .words = moldau::Queue::Open(*broker, "words", {.durability = moldau::Durability::kBuffered}).value()};

  Publish(program, argc > 1 ? argv[1] : "/usr/share/common-licenses/GPL-3");
  FindWords(program);
  for (const char* name : {"Ann", "Bob", "Cem"}) Work(program, name);

  // All of it runs on this thread.
  const auto all_done = [&] {
    return program.stored == program.sent && program.consumed == program.sent && program.worked >= program.found;
  };
  moldau::base::EventCount tasks;
  executor->WaitUntil(tasks, all_done, executor->clock().Now() + 30s);
  program.lines.Close().IgnoreError();
  program.words.Close().IgnoreError();
  while (executor->Poll() > 0) {
  }

  for (const auto& [name, word] : program.longest) std::cout << name << "'s longest word: " << word << "\n";
  std::cout << program.consumed << " of " << program.sent << " lines, " << program.worked << " of " << program.found
            << " words\n";
  return all_done() && program.sent > 0 && program.running == 0 ? 0 : 1;
}
