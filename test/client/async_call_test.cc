#include "client/async_call.h"

#include <optional>

#include "client/manual_world.h"

namespace moldau::client {
namespace {

using namespace test;

struct Core {
  explicit Core(Executor& executor) : readiness_(executor) {}
  Readiness& readiness() { return readiness_; }
  Readiness readiness_;
};

using Call = AsyncCall<Core, int>;

struct Subject {
  // Each try takes the next of `answers`; when they are used up there is none.
  void Start(std::chrono::nanoseconds timeout = kForever, std::stop_token stop = {}) {
    Call::Start(
        core, *executor, timeout, std::move(stop),
        [this](Core&, const std::shared_ptr<Readiness::Listener>& call, const std::stop_token&) -> Call::Answer {
          listener = call;
          ++tries;
          if (during_try) during_try();
          if (answers.empty()) return std::nullopt;
          const Call::Answer answer = answers.front();
          answers.erase(answers.begin());
          return answer;
        },
        [this](absl::StatusOr<int> answer) { result = std::move(answer); });
  }
  void Tell() const {
    const auto call = listener.lock();
    REQUIRE(call != nullptr);
    call->OnReady();
  }
  void Run() const {
    while (executor->Poll() > 0) {
    }
  }

  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  std::shared_ptr<Core> core = std::make_shared<Core>(*executor);
  std::weak_ptr<Readiness::Listener> listener;
  std::shared_ptr<Readiness::Listener> keep;  // as the readiness would
  std::vector<Call::Answer> answers;
  std::function<void()> during_try;
  int tries = 0;
  std::optional<absl::StatusOr<int>> result;
};

TEST_CASE("a call is tried in a task until there is an answer", "[client][async]") {
  Subject it;
  it.during_try = [&] { it.keep = it.listener.lock(); };
  it.answers = {std::nullopt, std::nullopt, 7};
  it.Start();
  CHECK(it.tries == 0);
  it.Run();
  CHECK(it.tries == 1);
  it.Tell();
  it.Tell();
  it.Run();
  CHECK(it.tries == 2);  // told twice before it was its turn
  CHECK_FALSE(it.result);
  it.Tell();
  it.Run();
  REQUIRE(it.result);
  CHECK(it.result->value() == 7);
  it.Tell();
  CHECK(it.executor->Poll() == 0);  // it has ended
}

TEST_CASE("a call that is told while it is being tried is tried again", "[client][async]") {
  Subject it;
  it.during_try = [&] {
    if (it.tries == 1) it.Tell();
  };
  it.answers = {std::nullopt, 7};
  it.Start();
  it.Run();
  CHECK(it.tries == 2);
  REQUIRE(it.result);
  CHECK(it.result->value() == 7);
}

TEST_CASE("a call whose time is up is tried once more, and answers nothing", "[client][async]") {
  Subject it;
  it.during_try = [&] { it.keep = it.listener.lock(); };
  it.Start(1s);
  it.Run();
  it.clock.Advance(1s);
  SECTION("nothing is there") {
    it.Run();
    CHECK(it.tries == 2);
    REQUIRE(it.result);
    CHECK(it.result->value() == 0);
  }
  SECTION("something is") {
    it.answers = {7};
    it.Run();
    REQUIRE(it.result);
    CHECK(it.result->value() == 7);
  }
}

TEST_CASE("a call does not keep alive what it calls, and says when that has gone", "[client][async]") {
  Subject it;
  const bool waits = GENERATE(true, false);
  it.during_try = [&] { it.core->readiness().Arm(it.listener.lock()); };
  it.Start();
  if (waits) it.Run();
  CHECK(it.core.use_count() == 1);
  it.core.reset();
  it.Run();
  REQUIRE(it.result);
  CHECK(absl::IsCancelled(it.result->status()));
}

TEST_CASE("a call that has ended is not among those who are told any more", "[client][async]") {
  Subject it;
  it.during_try = [&] { it.core->readiness().Arm(it.listener.lock()); };
  std::stop_source stop;
  it.Start(1s, stop.get_token());
  it.Run();
  CHECK_FALSE(it.listener.expired());
  it.answers = {7};
  SECTION("by its answer") { it.Tell(); }
  SECTION("by a request to stop") { stop.request_stop(); }
  it.Run();
  CHECK(it.result);
  CHECK(it.listener.expired());
  CHECK(it.executor->NextDue() == kForever);
}

}  // namespace
}  // namespace moldau::client
