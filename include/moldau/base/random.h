// Where all randomness comes from: a small generator with a seed, so that a run can be repeated.
// xoshiro256** seeded by splitmix64; not for secrets.
//
// Threads: not safe; each user takes its own by Split().   Ownership: plain value.   Failure: none.
#pragma once

#include <cstdint>

#include "moldau/types.h"

namespace moldau {

class Random {
 public:
  explicit Random(uint64_t seed) noexcept;

  // Seeded by the system's entropy.
  [[nodiscard]] static Random FromEntropy();

  // Uniform over all 64-bit values.
  uint64_t Next() noexcept;

  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) noexcept;

  // True once in `n` on average.
  bool OneIn(uint64_t n) noexcept { return Below(n) == 0; }

  // An independent generator: what it yields does not change when the parent is used more or less afterwards.
  [[nodiscard]] Random Split() noexcept { return Random(Next()); }

  // A random (version 4) identifier.
  [[nodiscard]] Uuid NextUuid() noexcept;

 private:
  uint64_t state_[4];
};

}  // namespace moldau
