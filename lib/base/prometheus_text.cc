// Prometheus' text format 0.0.4.
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "moldau/metrics.h"

namespace moldau {
namespace {

constexpr double kQuantiles[] = {0.5, 0.9, 0.99, 0.999, 1};

// How long the UTF-8 sequence at the beginning of `text` is; 0 if there is none.
size_t SequenceLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xc2 && first < 0xe0   ? 2
                        : (first & 0xf0) == 0xe0        ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong, a surrogate, or beyond the last code point.
  const unsigned char second = at(1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

// Group and queue names may be any bytes; one that is no UTF-8 must not make the whole text unreadable.
void AppendLabelValue(std::string& out, std::string_view value) {
  while (!value.empty()) {
    const size_t length = SequenceLength(value);
    const std::string_view character = value.substr(0, length);
    if (length == 0) {
      out += "\xEF\xBF\xBD";  // U+FFFD
    } else if (character == "\\" || character == "\"") {
      out += '\\';
      out += character;
    } else if (character == "\n") {
      out += "\\n";
    } else {
      out += character;
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
}

void AppendHead(std::string& out, const MetricFamily& family) {
  const char* const type = family.kind == MetricFamily::Kind::kCounter ? "counter"
                           : family.kind == MetricFamily::Kind::kGauge ? "gauge"
                                                                       : "summary";
  absl::StrAppendFormat(&out, "# HELP %s %s\n# TYPE %s %s\n", family.name, family.help, family.name, type);
}

void AppendSample(std::string& out, const std::string& name, const MetricSample& sample) {
  out += name;
  char before = '{';
  for (const auto& [label, value] : sample.labels) {
    out += before;
    out += label;
    out += "=\"";
    AppendLabelValue(out, value);
    out += '"';
    before = ',';
  }
  if (before == ',') out += '}';
  absl::StrAppendFormat(&out, " %d\n", sample.value);
}

void AppendSummary(std::string& out, const MetricFamily& family) {
  const LatencySnapshot& latency = family.latency;
  const auto in_units = [&](std::chrono::nanoseconds duration) {
    return static_cast<double>(duration.count()) / static_cast<double>(family.unit.count());
  };
  for (const double quantile : kQuantiles) {
    if (latency.count() == 0) break;
    const std::chrono::nanoseconds duration = quantile == 1 ? latency.max() : latency.Percentile(100 * quantile);
    absl::StrAppendFormat(&out, "%s{quantile=\"%g\"} %.9g\n", family.name, quantile, in_units(duration));
  }
  absl::StrAppendFormat(&out, "%s_sum %.9g\n%s_count %d\n", family.name, in_units(latency.sum()), family.name,
                        latency.count());
}

}  // namespace

std::string MetricsSnapshot::ToPrometheusText() const {
  std::string out;
  for (const MetricFamily& family : families_) {
    const bool is_latency = family.kind == MetricFamily::Kind::kLatency;
    if (!is_latency && family.samples.empty()) continue;
    AppendHead(out, family);
    for (const MetricSample& sample : family.samples) AppendSample(out, family.name, sample);
    if (is_latency) AppendSummary(out, family);
  }
  return out;
}

}  // namespace moldau
