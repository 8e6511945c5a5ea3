#include "harness/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "absl/strings/str_format.h"
#include "harness/machine.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

// A floor that changes by more than this around its candidate says nothing about it; so does a machine of which others
// take more than this.
constexpr double kWaver = 0.15;
constexpr double kOthers = 0.05;
// A repeat within which a neighbour came is taken again, but only so many times as many as are asked for.
constexpr int kAttempts = 4;

std::string Number(double value) {
  const double size = std::abs(value);
  return absl::StrFormat(size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
}

std::string Bound(const Figure& figure, double bound) {
  return absl::StrFormat("%s %g%s", figure.less_is_better ? "<=" : ">=", bound, figure.unit);
}

}  // namespace

Result Run(const Figure& figure, const RunOptions& options) {
  std::vector<Sample> samples;
  std::vector<double> wavers;
  static Pace pace;
  int shares = 0;  // repeats that are kept though the core was shared
  Neighbours neighbours;
  int attempts_left = options.judge ? kAttempts * options.repeats : options.repeats;
  while (static_cast<int>(samples.size()) < options.repeats) {
    if (options.judge) AwaitWriteBack();
    const bool is_ours = pace.IsOurs();
    neighbours.Begin();
    Sample sample = figure.measure();
    neighbours.End();
    const bool is_last = --attempts_left < options.repeats - static_cast<int>(samples.size());
    const bool shared = !is_ours || !pace.IsOurs();
    if (shared && !is_last) continue;
    shares += shared ? 1 : 0;
    samples.push_back(std::move(sample));
    const Sample& kept = samples.back();
    wavers.push_back(std::abs(kept.floor_after - kept.floor_before) / std::max(kept.floor_after, kept.floor_before));
  }
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.value < b.value; });
  const Sample& median = samples[samples.size() / 2];
  Result result{.figure = &figure, .value = median.value, .counters = median.counters};
  result.spread = median.value == 0 ? 0 : (samples.back().value - samples.front().value) / median.value;
  const double waver = MedianOf(wavers);
  if (waver > kWaver) result.why_noisy = absl::StrFormat("the floor wavered by %.0f %%", 100 * waver);
  if (const double others = neighbours.Share(); others > kOthers) {
    result.why_noisy +=
        absl::StrFormat("%sothers took %.0f %% of the machine", result.why_noisy.empty() ? "" : ", ", 100 * others);
  }
  if (options.judge && 2 * shares >= options.repeats) {
    result.why_noisy += absl::StrFormat("%sa neighbour shared the core", result.why_noisy.empty() ? "" : ", ");
  }
  result.noisy = !result.why_noisy.empty();
  return result;
}

std::string Verdict(const Result& result) {
  if (result.noisy) return "noisy: " + result.why_noisy;
  const Figure& figure = *result.figure;
  const auto reaches = [&](double bound) {
    return figure.less_is_better ? result.value <= bound : result.value >= bound;
  };
  if (reaches(figure.aim)) return "aim reached";
  return reaches(figure.must) ? "reached" : "MISSED";
}

void PrintHeader() { std::printf("| figure | value | must | aim | spread | verdict |\n|---|---|---|---|---|---|\n"); }

void PrintRow(const Result& result) {
  const Figure& figure = *result.figure;
  std::printf("| `%s` | %s%s | %s | %s | %.0f %% | %s |\n", figure.name.c_str(), Number(result.value).c_str(),
              figure.unit.c_str(), Bound(figure, figure.must).c_str(), Bound(figure, figure.aim).c_str(),
              100 * result.spread, Verdict(result).c_str());
  std::fflush(stdout);
}

void PrintCounters(const std::vector<Result>& results) {
  std::printf("\n| per million records | allocations | page faults | context switches |\n|---|---|---|---|\n");
  for (const Result& result : results) {
    if (!result.counters || result.counters->records == 0) continue;
    const double millions = result.counters->records / 1e6;
    std::printf("| `%s` | %s | %s | %s |\n", result.figure->name.c_str(),
                Number(result.counters->allocations / millions).c_str(),
                Number(result.counters->page_faults / millions).c_str(),
                Number(result.counters->context_switches / millions).c_str());
  }
}

void WriteJson(const std::string& path, const std::vector<Result>& results) {
  std::ofstream out(path);
  const char* separator = "[\n";
  for (const Result& result : results) {
    out << separator
        << absl::StrFormat(R"(  {"figure": "%s", "value": %.6g, "must": %g, "aim": %g, "spread": %.4g, "noisy": %s})",
                           result.figure->name, result.value, result.figure->must, result.figure->aim, result.spread,
                           result.noisy ? "true" : "false");
    separator = ",\n";
  }
  out << "\n]\n";
  if (!out.flush()) Die("cannot write " + path);
}

}  // namespace moldau::bench
