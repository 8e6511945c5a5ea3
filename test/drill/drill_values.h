// What the writer of the drill puts into records and says on its pipe, and what the judge reads again.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace moldau::test {

// "<run> <writer> <counter> <filler>": the filler depends on the numbers, so that foreign or torn bytes show.
inline std::string DrillValue(int run, int writer, int64_t counter) {
  std::string value = std::to_string(run) + " " + std::to_string(writer) + " " + std::to_string(counter) + " ";
  const auto length = static_cast<size_t>((counter * 37 + writer * 11) % 300);
  for (size_t i = 0; i < length; ++i)
    value.push_back(static_cast<char>('a' + (static_cast<size_t>(counter) + i * 7) % 26));
  return value;
}

struct DrillRecord {
  int run = -1;
  int writer = -1;
  int64_t counter = -1;
};

// False unless `value` is exactly what DrillValue makes of its own numbers.
inline bool ParseDrillValue(std::string_view value, DrillRecord& record) {
  const std::string text(value);
  long long counter = -1;
  if (std::sscanf(text.c_str(), "%d %d %lld ", &record.run, &record.writer, &counter) != 3) return false;
  record.counter = counter;
  return text == DrillValue(record.run, record.writer, record.counter);
}

inline constexpr int kDrillWriters = 3;

// One acknowledgement on the pipe. Smaller than PIPE_BUF, so that lines of several threads never mix.
struct DrillAck {
  enum Kind : int32_t { kRecord, kCommit };
  int32_t kind = kRecord;
  int32_t writer = 0;
  int64_t number = 0;  // kRecord: the counter; kCommit: the committed offset of partition 0
};

}  // namespace moldau::test
