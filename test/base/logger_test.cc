#include "base/logger.h"

#include <stdexcept>
#include <thread>
#include <vector>

#include "moldau/base/manual_clock.h"
#include "support/catch.h"

namespace moldau::base {
namespace {

// A logger whose lines a test can read.
struct Fixture {
  explicit Fixture(LogLevel level)
      : logger(
            clock,
            [this](LogLevel l, std::string_view m) {
              lines.emplace_back(std::to_string(int(l)) + " " + std::string(m));
            },
            level) {}

  ManualClock clock;
  std::vector<std::string> lines;
  Logger logger;
};

}  // namespace

TEST_CASE("a logger passes what is at or above its level", "[logger]") {
  Fixture f(LogLevel::kWarning);
  f.logger.Debug("a", "no");
  f.logger.Info("b", "no");
  f.logger.Warning("c", "disk %s at %d %%", "sda", 97);
  f.logger.Error("d", "gone");
  CHECK(f.lines == std::vector<std::string>{"2 disk sda at 97 %", "3 gone"});
  CHECK_FALSE(f.logger.enabled(LogLevel::kInfo));
  CHECK(f.logger.enabled(LogLevel::kWarning));
}

TEST_CASE("a silent logger says nothing", "[logger]") {
  Fixture f(LogLevel::kSilent);
  f.logger.Error("a", "nobody hears this");
  f.logger.Log(LogLevel::kSilent, "a", "nor this");
  CHECK(f.lines.empty());
}

TEST_CASE("a kind of message that floods is cut and counted", "[logger]") {
  Fixture f(LogLevel::kInfo);
  for (int i = 0; i < Logger::kBurst + 25; ++i) f.logger.Info("flood", "message %d", i);
  CHECK(f.lines.size() == Logger::kBurst);
  f.logger.Info("other", "still heard");
  CHECK(f.lines.back() == "1 still heard");

  f.clock.Advance(Logger::kWindow - std::chrono::milliseconds{1});
  f.logger.Info("flood", "too early");
  CHECK(f.lines.size() == Logger::kBurst + 1);
  f.clock.Advance(std::chrono::milliseconds{1});
  f.logger.Info("flood", "again");
  CHECK(f.lines.back() == "1 again (26 similar messages left out before)");
  f.logger.Info("flood", "and again");
  CHECK(f.lines.back() == "1 and again");
}

TEST_CASE("what a sink throws stays in the logger", "[logger]") {
  int calls = 0;
  ManualClock clock;
  Logger logger(clock, [&](LogLevel, std::string_view) {
    ++calls;
    throw std::runtime_error("broken sink");
  });
  logger.Error("a", "one");
  logger.Error("a", "two");
  CHECK(calls == 2);
}

TEST_CASE("a sink that logs itself is not called again", "[logger]") {
  ManualClock clock;
  int calls = 0;
  Logger* self = nullptr;
  Logger logger(clock, [&](LogLevel, std::string_view) {
    ++calls;
    self->Error("b", "from the sink");
  });
  self = &logger;
  logger.Error("a", "one");
  CHECK(calls == 1);
}

TEST_CASE("a sink is never called concurrently with itself", "[logger]") {
  ManualClock clock;
  int lines = 0;  // without a lock: ThreadSanitizer would see
  Logger logger(clock, [&](LogLevel, std::string_view) { ++lines; });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) logger.Error(std::to_string(t) + "/" + std::to_string(i), "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(lines == 200);
}

}  // namespace moldau::base
