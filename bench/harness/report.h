// Runs figures and says what came out: as a table for people, as JSON for programs.
//
// Threads: one.   Ownership: values.   Failure: as harness/support.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/figure.h"

namespace moldau::bench {

struct Result {
  const Figure* figure = nullptr;
  double value = 0;   // the median over the repeats
  double spread = 0;  // (largest - smallest) / median
  bool noisy = false;
  std::string why_noisy;
  std::optional<Counters> counters;  // of the repeat with the median value
};

struct RunOptions {
  int repeats = 5;
  bool judge = true;
};

[[nodiscard]] Result Run(const Figure& figure, const RunOptions& options);

// "reached", "missed", "aim reached" or "noisy".
[[nodiscard]] std::string Verdict(const Result& result);

void PrintHeader();
void PrintRow(const Result& result);
// Allocations, page faults and context switches per million records.
void PrintCounters(const std::vector<Result>& results);
void WriteJson(const std::string& path, const std::vector<Result>& results);

}  // namespace moldau::bench
