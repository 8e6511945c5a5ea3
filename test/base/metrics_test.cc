#include "moldau/metrics.h"

#include "support/catch.h"
#include "support/prometheus_text.h"

namespace moldau {
namespace {

using namespace std::chrono_literals;

MetricsSnapshot Example() {
  std::vector<MetricFamily> families;
  families.push_back({.name = "sent_total", .help = "Sent.", .kind = MetricFamily::Kind::kCounter});
  families.back().samples = {{{{"topic", "a"}, {"partition", "0"}}, 3},
                             {{{"topic", "a"}, {"partition", "1"}}, 4},
                             {{{"topic", "b"}, {"partition", "0"}}, 5}};
  families.push_back({.name = "topics", .help = "Topics.", .kind = MetricFamily::Kind::kGauge});
  families.back().samples = {{{}, 2}};
  families.push_back({.name = "append_seconds", .help = "Appends.", .kind = MetricFamily::Kind::kLatency});
  families.back().latency = LatencySnapshot({{1us, 98}, {1ms, 2}}, 2098us, 1001us);
  families.back().unit = 1s;
  return MetricsSnapshot(std::move(families));
}

MetricsSnapshot WithLabel(std::string value) {
  std::vector<MetricFamily> families(1);
  families[0] = {.name = "lag", .help = "Lag.", .kind = MetricFamily::Kind::kGauge};
  families[0].samples = {{{{"group", std::move(value)}}, 1}};
  return MetricsSnapshot(std::move(families));
}

}  // namespace

TEST_CASE("a value is found by its name and all its labels", "[metrics]") {
  const MetricsSnapshot metrics = Example();
  CHECK(metrics.Value("sent_total", {{"partition", "1"}, {"topic", "a"}}) == 4);
  CHECK(metrics.Value("topics") == 2);
  CHECK(metrics.Value("sent_total", {{"topic", "a"}}) == std::nullopt);
  CHECK(metrics.Value("sent_total") == std::nullopt);
  CHECK(metrics.Value("received_total") == std::nullopt);
}

TEST_CASE("a sum is over all that have the labels", "[metrics]") {
  const MetricsSnapshot metrics = Example();
  CHECK(metrics.Sum("sent_total") == 12);
  CHECK(metrics.Sum("sent_total", {{"topic", "a"}}) == 7);
  CHECK(metrics.Sum("sent_total", {{"partition", "0"}}) == 8);
  CHECK(metrics.Sum("sent_total", {{"topic", "c"}}) == 0);
  CHECK(metrics.Sum("received_total") == 0);
}

TEST_CASE("a latency is found by its name, one that is not there has seen nothing", "[metrics]") {
  const MetricsSnapshot metrics = Example();
  CHECK(metrics.Latency("append_seconds").Percentile(98) == 1us);
  CHECK(metrics.Latency("append_seconds").Percentile(98.1) == 1ms);
  CHECK(metrics.Latency("flush_seconds").count() == 0);
}

TEST_CASE("Prometheus reads what the snapshot says", "[metrics]") {
  const test::PrometheusText text(Example().ToPrometheusText());
  CHECK(text.problems() == "");
  CHECK(text.types() == std::map<std::string, std::string>{
                            {"append_seconds", "summary"}, {"sent_total", "counter"}, {"topics", "gauge"}});
  CHECK(text.samples() == std::map<std::string, double>{{"sent_total{partition=\"0\",topic=\"a\"}", 3},
                                                        {"sent_total{partition=\"1\",topic=\"a\"}", 4},
                                                        {"sent_total{partition=\"0\",topic=\"b\"}", 5},
                                                        {"topics", 2},
                                                        {"append_seconds{quantile=\"0.5\"}", 1e-6},
                                                        {"append_seconds{quantile=\"0.9\"}", 1e-6},
                                                        {"append_seconds{quantile=\"0.99\"}", 1e-3},
                                                        {"append_seconds{quantile=\"0.999\"}", 1e-3},
                                                        {"append_seconds{quantile=\"1\"}", 1.001e-3},
                                                        {"append_seconds_sum", 2.098e-3},
                                                        {"append_seconds_count", 100}});
}

TEST_CASE("a family without a sample is not in the text, a latency without one has a count", "[metrics]") {
  std::vector<MetricFamily> families(2);
  families[0] = {.name = "lag", .help = "Lag.", .kind = MetricFamily::Kind::kGauge};
  families[1] = {.name = "flush_ms", .help = "Flushes.", .kind = MetricFamily::Kind::kLatency};
  const test::PrometheusText text(MetricsSnapshot(std::move(families)).ToPrometheusText());
  CHECK(text.problems() == "");
  CHECK(text.samples() == std::map<std::string, double>{{"flush_ms_sum", 0}, {"flush_ms_count", 0}});
  CHECK(MetricsSnapshot().ToPrometheusText() == "");
}

TEST_CASE("a label may hold any text", "[metrics]") {
  const std::string name = "a \"b\" \\ c\nd, {e=\"f\"} Müller \xF0\x9F\x98\x80";
  const test::PrometheusText text(WithLabel(name).ToPrometheusText());
  CHECK(text.problems() == "");
  CHECK(text.samples() == std::map<std::string, double>{{"lag{group=\"" + name + "\"}", 1}});
}

TEST_CASE("bytes of a label that are no UTF-8 are replaced, the others stay", "[metrics]") {
  const std::string replacement = "\xEF\xBF\xBD";
  const auto written = [](std::string value) {
    const test::PrometheusText text(WithLabel(std::move(value)).ToPrometheusText());
    REQUIRE(text.problems() == "");
    const std::string key = text.samples().begin()->first;
    return key.substr(11, key.size() - 13);
  };
  CHECK(written("a\xFFz") == "a" + replacement + "z");
  CHECK(written("\xC3") == replacement);                                 // cut off
  CHECK(written("\xC0\x80") == replacement + replacement);               // overlong
  CHECK(written("\xED\xA0\x80").find('\xED') == std::string::npos);      // a surrogate
  CHECK(written("\xF4\x90\x80\x80").find('\xF4') == std::string::npos);  // beyond the last code point
  CHECK(written("\xE2\x82\xAC") == "\xE2\x82\xAC");
}

}  // namespace moldau
