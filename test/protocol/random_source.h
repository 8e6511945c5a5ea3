// Random contents for messages (filled_message.h): short arrays and strings, integers of every magnitude, nulls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "moldau/types.h"

namespace moldau::protocol::test {

class RandomSource {
 public:
  explicit RandomSource(uint64_t seed) : random_(seed) {}

  bool IsNull() { return Below(3) == 0; }
  bool HasTagged() { return Below(3) != 0; }
  size_t ArraySize() { return Below(4); }
  bool Bool() { return Below(2) == 0; }
  int64_t Int(size_t size) { return static_cast<int64_t>(random_()) >> (64 - 8 * size + Below(8 * size)); }
  std::string Text() { return Opaque(); }
  std::string Opaque() {
    std::string bytes(Below(20) == 0 ? Below(300) : Below(12), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }
  Uuid Id() {
    Uuid id;
    for (uint8_t& byte : id.bytes) byte = static_cast<uint8_t>(random_());
    return id;
  }

  size_t Below(size_t bound) { return random_() % bound; }

 private:
  std::mt19937_64 random_;
};

}  // namespace moldau::protocol::test
