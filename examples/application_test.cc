// How an application is tested: with a broker in memory, in which a day passes in a millisecond, disks fail and the
// power goes when the test says so. The application reminds customers by mail of carts that they left a day ago.
#include <chrono>
#include <functional>
#include <iomanip>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "moldau/moldau.h"
#include "moldau/testing/memory_broker.h"

using namespace std::chrono_literals;
using moldau::testing::CrashKind;
using moldau::testing::MemoryBroker;

// --- the application: it knows nothing of tests ---

class Reminders {
 public:
  using Mail = std::function<bool(std::string_view customer)>;  // false: could not be sent

  Reminders(moldau::Broker& broker, moldau::Clock& clock, Mail mail)
      : clock_(clock), mail_(std::move(mail)), queue_(moldau::Queue::Open(broker, "reminders", kOptions).value()) {}

  // Once this is OK the reminder will be sent, whatever happens.
  absl::Status CartLeft(std::string_view customer) {
    auto receipt = queue_.Send({.value = customer}, clock_.WallNow() + 24h);
    return receipt.ok() ? receipt->Wait() : receipt.status();
  }

  // Sends what is due; called by the application's loop.
  void SendDue() {
    while (auto reminder = queue_.Receive(0s).value()) {
      const absl::Status told = mail_(reminder.value()) ? reminder.Ack() : reminder.Release();
      if (!told.ok()) std::cerr << told << "\n";
    }
    queue_.Commit().IgnoreError();  // what is not written down is sent again after a crash
  }

 private:
  static inline const moldau::QueueOptions kOptions = {
      .max_deliveries = 3, .redelivery_delay = {.initial = 10min, .growth = 6}, .dead_letter = "reminders.failed"};

  moldau::Clock& clock_;
  Mail mail_;
  moldau::Queue queue_;
};

// --- its tests ---

struct Test {
  using Mails = std::vector<std::string>;

  Reminders Start() {
    return Reminders(*broker, broker.clock(), [this](std::string_view customer) {
      if (mail_works) mails.emplace_back(customer);
      return mail_works;
    });
  }
  // The application's loop, a quarter of an hour at a time.
  void Pass(Reminders& app, std::chrono::minutes time) {
    for (auto passed = 0min; passed < time; passed += 15min, app.SendDue()) broker.Advance(15min);
  }
  void Expect(bool holds, const char* what) { failures += holds ? 0 : (std::cout << "  FAILED: " << what << "\n", 1); }

  MemoryBroker broker = MemoryBroker::Open().value();
  Mails mails;
  bool mail_works = true;
  int failures = 0;
};

void RemindsADayLater(Test& test) {
  Reminders app = test.Start();
  test.Expect(app.CartLeft("alice").ok(), "the cart is taken note of");
  test.Pass(app, 23h + 45min);
  test.Expect(test.mails.empty(), "nobody is reminded within a day");
  test.Pass(app, 24h);
  test.Expect(test.mails == Test::Mails{"alice"}, "alice is reminded once");
}

void TriesAgainWhenMailFails(Test& test) {
  Reminders app = test.Start();
  test.Expect(app.CartLeft("bob").ok(), "the cart is taken note of");
  test.mail_works = false;
  test.Pass(app, 24h);
  test.mail_works = true;
  test.Pass(app, 15min);
  test.Expect(test.mails == Test::Mails{"bob"}, "bob is reminded ten minutes after the first try");
}

void ForgetsNobodyWhenThePowerFails(Test& test) {
  {
    Reminders app = test.Start();
    test.Expect(app.CartLeft("carol").ok(), "the cart is taken note of");
    test.Pass(app, 12h);
  }
  test.Expect(test.broker.Crash(CrashKind::kPowerFails).ok(), "the broker opens again");
  Reminders app = test.Start();
  test.Pass(app, 12h);
  test.Expect(test.mails == Test::Mails{"carol"}, "carol is reminded all the same, a day after she left");
}

void SaysSoWhenTheDiskFails(Test& test) {
  Reminders app = test.Start();
  test.broker.Inject({.kind = moldau::storage::OperationKind::kFlush,
                      .path = "reminders-0",
                      .error = absl::DataLossError("bad sector")});
  test.Expect(!app.CartLeft("dave").ok(), "a cart that may be forgotten is not taken");
}

int main() {
  using Clock = std::chrono::steady_clock;
  int failures = 0;
  const auto run = [&](const char* name, void (*body)(Test&)) {
    const auto start = Clock::now();
    Test test;
    const auto ready = Clock::now();
    const moldau::MonoTime first = test.broker.clock().Now();
    body(test);
    const std::chrono::duration<double, std::milli> opened = ready - start, ran = Clock::now() - ready;
    std::cout << std::left << std::setw(38) << name << std::fixed << std::setprecision(2) << "broker ready in "
              << opened.count() << " ms, " << (test.broker.clock().Now() - first) / 1h << " h in " << ran.count()
              << " ms\n";
    failures += test.failures;
  };
  run("reminds a day later", RemindsADayLater);
  run("tries again when mail fails", TriesAgainWhenMailFails);
  run("forgets nobody when the power fails", ForgetsNobodyWhenThePowerFails);
  run("says so when the disk fails", SaysSoWhenTheDiskFails);
  return failures == 0 ? 0 : 1;
}
