// RocksDB as a log: a key is the sequence number of its record.
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "peer.h"

namespace {

using namespace moldau::bench;

void Must(const rocksdb::Status& status) {
  if (!status.ok()) Fail("rocksdb: " + status.ToString());
}

std::unique_ptr<rocksdb::DB> Open(const std::string& directory) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = size_t{256} << 20;
  rocksdb::DB* db = nullptr;
  Must(rocksdb::DB::Open(options, directory, &db));
  return std::unique_ptr<rocksdb::DB>(db);
}

// 64 writers, each waiting for its own record; RocksDB commits those that wait together.
double Flushed(const Turn& turn) {
  constexpr int64_t kWriters = 64;
  const auto db = Open(turn.directory);
  const std::string message = Payload(turn.message_bytes);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  std::atomic<uint64_t> next{0};
  const auto write = [&](int64_t records) {
    for (int64_t i = 0; i < records; ++i) {
      const uint64_t key = __builtin_bswap64(next.fetch_add(1, std::memory_order_relaxed));
      Must(db->Put(synced, {reinterpret_cast<const char*>(&key), sizeof key}, message));
    }
  };
  write(1);
  const double begin = Now();
  std::vector<std::jthread> writers;
  for (int64_t i = 0; i < kWriters; ++i) writers.emplace_back(write, turn.records / kWriters);
  writers.clear();
  return static_cast<double>(turn.records) / (Now() - begin);
}

}  // namespace

int main() {
  return Serve([](const Turn& turn) {
    if (turn.workload == "flushed_64") return Flushed(turn);
    Fail("no such workload: " + turn.workload);
  });
}
