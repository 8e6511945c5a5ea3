// What the C++ programs of the peers and Moldau's side share: the clock, the paced writer, and the way in which
// bench/peers/run tells a program what to do. Peer.java and jetstream/main.go say the same in their languages.
//
// A program reads one turn per line, "WORKLOAD DIRECTORY BYTES RECORDS", and answers each with one number on a line:
// records per second, or seconds where the workload is about a delay. It ends when its input ends.
//
// Threads: as said per function.   Ownership: values.   Failure: ends the program, saying why.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace moldau::bench {

// Records per second of the workloads "paced" and "parked".
inline constexpr double kPacedRate = 100'000;

inline double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Calls send(due) for each record at its moment, spinning in between. A delay counts from `due`, so that a writer that
// was held up does not hide it.
template <typename Send>
void SendPaced(int64_t records, Send&& send) {
  const double begin = Now() + 1e-3;
  for (int64_t i = 0; i < records; ++i) {
    const double due = begin + static_cast<double>(i) / kPacedRate;
    while (Now() < due) {
    }
    send(due);
  }
}

// The delays of a paced stream. One thread.
class Delays {
 public:
  explicit Delays(int64_t records) { seconds_.reserve(static_cast<size_t>(records)); }
  void Add(double seconds) { seconds_.push_back(seconds); }
  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(seconds_.size()); }

  // The median. The first quarter is left out: caches, pages and just-in-time compilers warm up there.
  [[nodiscard]] double Median() {
    seconds_.erase(seconds_.begin(), seconds_.begin() + static_cast<std::ptrdiff_t>(seconds_.size() / 4));
    const auto middle = seconds_.begin() + static_cast<std::ptrdiff_t>(seconds_.size() / 2);
    std::nth_element(seconds_.begin(), middle, seconds_.end());
    return *middle;
  }

 private:
  std::vector<double> seconds_;
};

struct Turn {
  std::string workload;
  std::string directory;  // empty, and removed afterwards by who asked
  int64_t message_bytes = 0;
  int64_t records = 0;
};

// The main loop of a peer's program: answers each turn with run(turn).
template <typename Run>
int Serve(Run&& run) {
  for (Turn turn; std::cin >> turn.workload >> turn.directory >> turn.message_bytes >> turn.records;) {
    std::printf("%.9g\n", run(turn));
    std::fflush(stdout);
  }
  return 0;
}

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

// `size` bytes that no compression makes smaller, the same in every run.
inline std::string Payload(int64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  uint64_t state = 7;
  for (char& byte : bytes)
    byte = static_cast<char>((state = state * 6364136223846793005U + 1442695040888963407U) >> 56);
  return bytes;
}

}  // namespace moldau::bench
