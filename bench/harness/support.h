// What all figures use: time, scratch directories, brokers, messages and the counters of the hot paths.
//
// Threads: as said per function.   Ownership: values.
// Failure: what goes wrong ends the program with the status; a benchmark has nobody to tell it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/figure.h"
#include "moldau/base/random.h"
#include "moldau/moldau.h"

namespace moldau::bench {

[[noreturn]] void Die(std::string_view what);

inline void Must(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}
template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Die(result.status().ToString());
  return *std::move(result);
}

// For an append whose receipt nobody asks for.
inline void Done(const absl::StatusOr<Receipt>& receipt) { Must(receipt.status()); }

[[nodiscard]] double NowSeconds();

template <typename Work>
double SecondsOf(Work&& work) {
  const double begin = NowSeconds();
  work();
  return NowSeconds() - begin;
}

// The compiler must not leave out what makes `value`.
template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// A directory that goes away; on the file system that the benchmark was told to use.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

  static void SetRoot(std::string root);

 private:
  std::string path_;
};

// A broker with one topic of one partition in a scratch directory.
struct OneLog {
  explicit OneLog(Durability durability, uint64_t segment_bytes = uint64_t{64} << 20);

  Scratch scratch;
  std::unique_ptr<Broker> broker;
  Topic topic;
  Partition partition;

 private:
  explicit OneLog(std::unique_ptr<Scratch>);
};

// Messages of equal size, cut from random bytes that fit into the second-level cache with room to spare for records
// that point to them.
class Messages {
 public:
  static constexpr size_t kBytes = size_t{64} << 10;
  explicit Messages(size_t size);
  [[nodiscard]] std::string_view at(size_t i) const { return {bytes_.data() + (i & mask_) * size_, size_}; }
  [[nodiscard]] size_t size() const { return size_; }
  // `count` records that have these as values, prepared once.
  [[nodiscard]] std::vector<Record> Records(size_t count) const;

 private:
  size_t size_;
  size_t mask_;
  std::string bytes_;
};

// Counts from its construction on.
class Counting {
 public:
  Counting();
  [[nodiscard]] Counters For(double records) const;

 private:
  Counters begin_;
};

[[nodiscard]] double MedianOf(std::vector<double> values);

// Runs `moldau_bench --child NAME DIRECTORY` and returns what it printed; dies if it fails, unless it was to be killed.
std::string RunChildProcess(const std::string& name, const std::string& directory, bool is_killed = false);

}  // namespace moldau::bench
