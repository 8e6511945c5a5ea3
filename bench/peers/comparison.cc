#include "comparison.h"

#include "harness/support.h"

namespace moldau::bench {

std::vector<Comparison> Comparisons(const Scale& scale) {
  const int64_t paced = scale.Of(200'000);  // two seconds
  const auto flushed = [&](double must, double aim, std::string peer) {
    return Comparison{.figure = "flushed_64_vs_" + peer,
                      .what = "flushed before acknowledged, 64 producers",
                      .peer = peer,
                      .workload = "flushed_64",
                      .records = 64 * scale.Of(1500),
                      .must = must,
                      .aim = aim};
  };
  const auto paced_with = [&](double must, double aim, const char* figure, std::string peer) {
    return Comparison{.figure = figure,
                      .what = "100,000/s to a spinning reader, p50",
                      .peer = std::move(peer),
                      .workload = "paced",
                      .records = paced,
                      .measured_in = Unit::kSeconds,
                      .must = must,
                      .aim = aim};
  };
  const auto queue = [&](double must, double aim, std::string peer, int64_t peer_records) {
    return Comparison{.figure = "queue_vs_" + peer,
                      .what = "queue, 4 consumers, every record acknowledged",
                      .peer = peer,
                      .workload = "queue",
                      .records = scale.Of(2'000'000),
                      .peer_records = scale.Of(peer_records),
                      .must = must,
                      .aim = aim};
  };
  return {{.figure = "append_vs_chronicle",
           .what = "append, one record at a time",
           .peer = "chronicle",
           .workload = "append",
           .records = scale.Of(5'000'000),
           .must = 3,
           .aim = 6},
          {.figure = "append_1k_vs_chronicle",
           .what = "the same with 1 KiB",
           .peer = "chronicle",
           .workload = "append",
           .message_bytes = 1024,
           .records = scale.Of(700'000),
           .must = 2.5,
           .aim = 4},
          {.figure = "stream_vs_aeron_ipc",
           .what = "one writer to one spinning reader",
           .peer = "aeron",
           .workload = "stream",
           .records = scale.Of(5'000'000),
           .must = 1,
           .aim = 2},
          paced_with(0.6, 0.4, "paced_vs_chronicle", "chronicle"),
          paced_with(1, 0.7, "paced_vs_aeron_ipc", "aeron"),
          {.figure = "parked_vs_zeromq",
           .what = "100,000/s to a sleeping reader, p50",
           .peer = "zeromq",
           .workload = "parked",
           .records = paced,
           .measured_in = Unit::kSeconds,
           .must = 1.2,
           .aim = 0.8},
          {.figure = "catchup_vs_chronicle",
           .what = "read all that is there",
           .peer = "chronicle",
           .workload = "catch_up",
           .records = scale.Of(7'000'000),
           .must = 1.1,
           .aim = 1.7},
          {.figure = "send_vs_redis",
           .what = "send through a producer",
           .peer = "redis",
           .workload = "send",
           .records = scale.Of(5'000'000),
           .peer_records = scale.Of(400'000),
           .must = 30,
           .aim = 60},
          flushed(1, 1.5, "rocksdb"),
          flushed(1.6, 2.5, "redis"),
          queue(3, 10, "redis", 400'000),
          queue(8, 25, "jetstream", 100'000),
          {.figure = "open_vs_jetstream",
           .what = "start of the program to first record",
           .peer = "jetstream",
           .workload = "open",
           .measured_in = Unit::kSeconds,
           .must = 0.5,
           .aim = 0.1},
          {.figure = "memory_vs_jetstream",
           .what = "memory of the idle program",
           .peer = "jetstream",
           .workload = "memory",
           .measured_in = Unit::kBytes,
           .must = 0.5,
           .aim = 0.3}};
}

std::string TitleOf(const std::string& peer) {
  if (peer == "chronicle") return "Chronicle Queue";
  if (peer == "aeron") return "Aeron IPC";
  if (peer == "zeromq") return "ZeroMQ inproc";
  if (peer == "redis") return "Redis Streams";
  if (peer == "rocksdb") return "RocksDB";
  if (peer == "jetstream") return "NATS JetStream";
  return "-";
}

}  // namespace moldau::bench
