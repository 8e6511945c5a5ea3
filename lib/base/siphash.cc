#include "base/siphash.h"

#include <bit>
#include <cstring>

namespace moldau::base {
namespace {

constexpr int kRoundsPerWord = 2;
constexpr int kFinalRounds = 4;

struct State {
  uint64_t v0;
  uint64_t v1;
  uint64_t v2;
  uint64_t v3;

  void Rounds(int count) noexcept {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }
  void Take(uint64_t word) noexcept {
    v3 ^= word;
    Rounds(kRoundsPerWord);
    v0 ^= word;
  }
  [[nodiscard]] uint64_t Folded() const noexcept { return v0 ^ v1 ^ v2 ^ v3; }
};

}  // namespace

Hash128 SipHash128(std::string_view bytes, Hash128 key) noexcept {
  State state{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d ^ 0xee, key.low ^ 0x6c7967656e657261,
              key.high ^ 0x7465646279746573};
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));  // little-endian, as all machines that Moldau runs on
    state.Take(word);
  }
  uint64_t last = uint64_t{bytes.size()} << 56;
  if (left != 0) std::memcpy(&last, at, left);  // below the length
  state.Take(last);
  state.v2 ^= 0xee;
  state.Rounds(kFinalRounds);
  Hash128 hash{.low = state.Folded()};
  state.v1 ^= 0xdd;
  state.Rounds(kFinalRounds);
  hash.high = state.Folded();
  return hash;
}

}  // namespace moldau::base
