#include "moldau/base/random.h"

#include <sys/random.h>

#include <bit>
#include <cstring>

#include "base/check.h"

namespace moldau {
namespace {

__extension__ using Product = unsigned __int128;  // of two 64-bit numbers

// splitmix64: spreads any seed, zero included, over the whole state.
uint64_t NextSeed(uint64_t& seed) noexcept {
  seed += 0x9e3779b97f4a7c15;
  uint64_t z = seed;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(uint64_t seed) noexcept {
  for (uint64_t& word : state_) word = NextSeed(seed);
}

Random Random::FromEntropy() {
  uint64_t seed = 0;
  ssize_t got;
  do {
    got = getrandom(&seed, sizeof(seed), 0);
  } while (got != static_cast<ssize_t>(sizeof(seed)));
  return Random(seed);
}

// xoshiro256**
uint64_t Random::Next() noexcept {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// Lemire's multiplication; the few values that would favour small results are drawn again.
uint64_t Random::Below(uint64_t bound) noexcept {
  MOLDAU_CHECK(bound > 0);
  const uint64_t unfair = -bound % bound;
  for (;;) {
    const Product product = static_cast<Product>(Next()) * bound;
    if (static_cast<uint64_t>(product) >= unfair) return static_cast<uint64_t>(product >> 64);
  }
}

Uuid Random::NextUuid() noexcept {
  Uuid uuid;
  for (size_t i = 0; i < uuid.bytes.size(); i += sizeof(uint64_t)) {
    const uint64_t word = Next();
    std::memcpy(&uuid.bytes[i], &word, sizeof(word));
  }
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

}  // namespace moldau
