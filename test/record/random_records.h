// Random records that lean to the edges: null, empty, the sizes at which a length takes one more byte, times that go
// back.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "records.h"

namespace moldau::test {

class RandomRecords {
 public:
  explicit RandomRecords(uint64_t seed) : random_(seed) {}

  std::vector<OwnedRecord> Make(size_t most) {
    std::vector<OwnedRecord> records(1 + Below(most));
    const int64_t base = Below(4) == 0 ? Any64() : 1'700'000'000'000;
    const uint64_t step = Below(3) == 0 ? std::numeric_limits<uint64_t>::max() : uint64_t{1} << Below(40);
    for (OwnedRecord& record : records) record = MakeRecord(base, step);
    return records;
  }

  uint64_t Below(uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }

 private:
  OwnedRecord MakeRecord(int64_t base, uint64_t step) {
    OwnedRecord record;
    const uint64_t delta = Below(step) - step / 2;
    record.timestamp = static_cast<int64_t>(static_cast<uint64_t>(base) + delta);
    if (record.timestamp == -1) record.timestamp = -2;  // -1 would ask for the time of the append
    record.key = MakeBytes(200);
    record.value = MakeBytes(20'000);
    if (Below(4) == 0) record.headers.resize(Below(5));
    if (Below(200) == 0) record.headers.resize(70);  // a count of two bytes
    for (OwnedHeader& header : record.headers) header = {MakeBytes(100).value_or("h"), MakeBytes(300)};
    return record;
  }

  // Null, empty, a size around which the varint grows, or any size.
  std::optional<std::string> MakeBytes(size_t most) {
    static constexpr std::array<size_t, 18> kEdges = {1,  7,  8,   15,  16,  31,  32,   33,   63,
                                                      64, 65, 127, 128, 129, 255, 7999, 8000, 8001};
    switch (Below(8)) {
      case 0:
        return std::nullopt;
      case 1:
        return std::string();
      case 2:
        return Filled(8188 + Below(8));
      case 3:
        return Filled(Below(most));
      default:
        return Filled(kEdges[Below(kEdges.size())]);
    }
  }

  std::string Filled(size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }

  int64_t Any64() { return static_cast<int64_t>(random_()); }

  std::mt19937_64 random_;
};

}  // namespace moldau::test
