#include "chart.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr int kWidth = 880;
constexpr int kLabels = 300;   // left of the axis
constexpr int kNumbers = 200;  // right of the longest bar
constexpr int kTop = 64;
constexpr int kRow = 38;
constexpr int kBar = 16;
constexpr int kBottom = 44;

constexpr const char* kStyle = R"(<style>
  text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
  .what, .title, .times { fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .times { font-weight: 600 }
  .paper { fill: #ffffff; stroke: #d0d7de }
  .grid { stroke: #d8dee4 }
  .even { stroke: #57606a }
  .bar { fill: #2f6fdb }
  .worse { fill: #d4763b }
  .noisy { opacity: 0.45 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .what, .title, .times { fill: #f0f6fc }
    .paper { fill: #0d1117; stroke: #30363d }
    .grid { stroke: #262c36 }
    .even { stroke: #9198a1 }
    .bar { fill: #4d8df6 }
  }
</style>
)";

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

// A logarithmic axis from the worst ratio, or 1, to the best.
class Axis {
 public:
  explicit Axis(const std::vector<Bar>& bars) {
    for (const Bar& bar : bars) {
      least_ = std::min(least_, bar.times);
      most_ = std::max(most_, bar.times);
    }
  }
  [[nodiscard]] double At(double times) const {
    const double part = std::log(times / least_) / std::log(most_ / least_);
    return kLabels + part * (kWidth - kLabels - kNumbers);
  }
  [[nodiscard]] bool Shows(double times) const { return times >= least_ && times <= most_; }

 private:
  double least_ = 1;
  double most_ = 2;
};

std::string Row(const Bar& bar, const Axis& axis, double y) {
  const double even = axis.At(1);
  const double end = axis.At(bar.times);
  const std::string number = absl::StrFormat("%.*f×", bar.times >= 10 ? 0 : 1, bar.times);
  std::string row = absl::StrFormat("<text class=\"what\" x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n",
                                    kLabels - 14, y + 7, Escaped(bar.what));
  row += absl::StrFormat("<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n", kLabels - 14, y + 22,
                         Escaped(bar.peer));
  row += absl::StrFormat("<rect class=\"%s%s\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
                         bar.times < 1 ? "worse" : "bar", bar.noisy ? " noisy" : "", std::min(even, end), y,
                         std::max(std::abs(end - even), 1.0), kBar);
  row += absl::StrFormat("<text x=\"%.1f\" y=\"%.0f\"><tspan class=\"times\">%s</tspan>  %s to %s%s</text>\n",
                         std::max(even, end) + 8, y + 12, number, Escaped(bar.ours), Escaped(bar.theirs),
                         bar.noisy ? ", noisy" : "");
  return row;
}

}  // namespace

void WriteChart(const std::string& path, const std::vector<Bar>& bars, const std::string& caption) {
  const Axis axis(bars);
  const int height = kTop + static_cast<int>(bars.size()) * kRow + kBottom;
  std::ofstream out(path);
  out << absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
      "aria-label=\"Moldau and its peers\">\n",
      kWidth, height, kWidth, height);
  out << kStyle;
  out << absl::StrFormat("<rect class=\"paper\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n",
                         kWidth - 1, height - 1);
  out << absl::StrFormat(
      "<text class=\"title\" x=\"20\" y=\"32\">How many times better than its peers Moldau is</text>\n");
  for (const double times : {0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0}) {
    if (!axis.Shows(times)) continue;
    out << absl::StrFormat("<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n",
                           times == 1 ? "even" : "grid", axis.At(times), axis.At(times), kTop - 8, height - kBottom);
    out << absl::StrFormat("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g×</text>\n", axis.At(times), kTop - 14,
                           times);
  }
  for (size_t i = 0; i < bars.size(); ++i) out << Row(bars[i], axis, kTop + static_cast<double>(i) * kRow + 4);
  out << absl::StrFormat("<text x=\"20\" y=\"%d\">%s</text>\n</svg>\n", height - 18, Escaped(caption));
  if (!out.flush()) Die("cannot write " + path);
}

}  // namespace moldau::bench
