// A figure of the benchmark: what is measured, against which floor, and what it must reach.
//
// A figure is measured several times. Each repeat measures its floor before and after the candidate, so that a machine
// that changes its speed meanwhile shows; the value of the repeat is a ratio of the two unless the figure says
// otherwise. A repeat during which a neighbour shared the core is taken again, a few times at most (see Pace).
//
// Threads: one.   Ownership: values.   Failure: a figure that cannot be measured ends the program, saying why.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace moldau::bench {

// What the hot path of one repeat cost besides time.
struct Counters {
  double records = 0;
  double allocations = 0;
  double page_faults = 0;
  double context_switches = 0;
};

struct Sample {
  double value = 0;
  // The floor before and after the candidate, in whatever unit; equal if the figure has none.
  double floor_before = 1;
  double floor_after = 1;
  std::optional<Counters> counters;
};

struct Figure {
  std::string name;
  std::string what;
  std::string unit;  // "" for a ratio
  double must = 0;
  double aim = 0;
  bool less_is_better = false;
  std::function<Sample()> measure;
};

// How much each figure does: 1 for a judged run, much less for a smoke test.
struct Scale {
  double factor = 1;
  [[nodiscard]] int64_t Of(int64_t count) const {
    const auto scaled = static_cast<int64_t>(static_cast<double>(count) * factor);
    return scaled < 1 ? 1 : scaled;
  }
};

// All figures, in the order of the table. Each file of bench/flow adds its own.
std::vector<Figure> AppendFigures(const Scale& scale);
std::vector<Figure> TailFigures(const Scale& scale);
std::vector<Figure> ScanFigures(const Scale& scale);
std::vector<Figure> FlushFigures(const Scale& scale);
std::vector<Figure> OpenFigures(const Scale& scale);
std::vector<Figure> GroupFigures(const Scale& scale);
std::vector<Figure> QueueFigures(const Scale& scale);
std::vector<Figure> DiskFigures(const Scale& scale);

// What a figure runs in a process of its own: `moldau_bench --child NAME DIRECTORY`. -1: no such child.
int RunChild(const std::string& name, const std::string& directory);

}  // namespace moldau::bench
