// CRC-32C (Castagnoli), the checksum of Kafka's record batches. Chooses at run time between the processor's own
// instruction and a table, so that one binary runs everywhere; links nothing.
//
// Threads: pure functions.   Ownership: none.   Failure: none.
// Source: RFC 3720 appendix B; three interleaved streams joined by carry-less multiplication as in Intel's white paper
// "Fast CRC computation for iSCSI polynomial using CRC32 instruction".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace moldau::base {

namespace crc32c_internal {

inline constexpr uint32_t kPolynomial = 0x82f63b78;  // bit-reversed

// Advances the state `crc` over one zero bit, which is multiplication by x.
constexpr uint32_t TimesX(uint32_t crc) { return (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0); }

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
    tables[0][byte] = crc;
  }
  for (size_t slice = 1; slice < tables.size(); ++slice) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

inline constexpr Tables kTables = MakeTables();

// Eight bytes at a time by table. `crc` is the raw state, here and below: not yet inverted.
inline uint32_t ExtendTable(uint32_t crc, const uint8_t* data, size_t size) {
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    word ^= crc;
    crc = kTables[7][word & 0xff] ^ kTables[6][(word >> 8) & 0xff] ^ kTables[5][(word >> 16) & 0xff] ^
          kTables[4][(word >> 24) & 0xff] ^ kTables[3][(word >> 32) & 0xff] ^ kTables[2][(word >> 40) & 0xff] ^
          kTables[1][(word >> 48) & 0xff] ^ kTables[0][word >> 56];
  }
  for (; size > 0; ++data, --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *data) & 0xff];
  return crc;
}

#if defined(__x86_64__)

inline uint64_t LoadWord(const uint8_t* data) {
  uint64_t word;
  std::memcpy(&word, data, 8);
  return word;
}

// One stream: bound by the instruction's latency of three cycles per eight bytes.
__attribute__((target("sse4.2"))) inline uint32_t ExtendOneStream(uint32_t crc, const uint8_t* data, size_t size) {
  uint64_t state = crc;
  for (; size >= 8; data += 8, size -= 8) state = _mm_crc32_u64(state, LoadWord(data));
  crc = static_cast<uint32_t>(state);
  if ((size & 4) != 0) {
    uint32_t word;
    std::memcpy(&word, data, 4);
    crc = _mm_crc32_u32(crc, word);
    data += 4;
  }
  if ((size & 2) != 0) {
    uint16_t word;
    std::memcpy(&word, data, 2);
    crc = _mm_crc32_u16(crc, word);
    data += 2;
  }
  if ((size & 1) != 0) crc = _mm_crc32_u8(crc, *data);
  return crc;
}

// Three streams in parallel hide that latency. Each takes at most this many words of eight bytes before they are
// joined.
inline constexpr size_t kMaxStreamWords = 128;

// kShift[n] = x^(64 n - 33): multiplied with a state and reduced by the crc instruction, it moves the state over n
// words. The 33 are the 32 that the instruction multiplies by itself and the one that a product of two reversed numbers
// lacks.
constexpr std::array<uint32_t, 2 * kMaxStreamWords + 1> MakeShifts() {
  std::array<uint32_t, 2 * kMaxStreamWords + 1> shifts{};
  uint32_t power = 0x80000000;  // x^0, reversed
  for (int bit = 0; bit < 31; ++bit) power = TimesX(power);
  for (size_t words = 1; words < shifts.size(); ++words) {
    shifts[words] = power;
    for (int bit = 0; bit < 64; ++bit) power = TimesX(power);
  }
  return shifts;
}

inline constexpr auto kShifts = MakeShifts();

__attribute__((target("sse4.2,pclmul"))) inline uint64_t ShiftedState(uint64_t crc, size_t words) {
  const __m128i state = _mm_cvtsi32_si128(static_cast<int>(crc));
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(kShifts[words]));
  return static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_clmulepi64_si128(state, shift, 0)));
}

__attribute__((target("sse4.2,pclmul"))) inline uint32_t ExtendThreeStreams(uint32_t crc, const uint8_t* data,
                                                                            size_t size) {
  constexpr size_t kWorthwhile = 96;  // below, joining costs more than it wins
  while (size >= kWorthwhile) {
    const size_t words = size / 24 < kMaxStreamWords ? size / 24 : kMaxStreamWords;
    const uint8_t* const second = data + words * 8;
    const uint8_t* const third = second + words * 8;
    uint64_t a = crc;
    uint64_t b = 0;
    uint64_t c = 0;
    for (size_t at = 0; at < (words - 1) * 8; at += 8) {
      a = _mm_crc32_u64(a, LoadWord(data + at));
      b = _mm_crc32_u64(b, LoadWord(second + at));
      c = _mm_crc32_u64(c, LoadWord(third + at));
    }
    a = _mm_crc32_u64(a, LoadWord(second - 8));
    b = _mm_crc32_u64(b, LoadWord(third - 8));
    // The third stream's last word takes the other two with it.
    const uint64_t joined = ShiftedState(a, 2 * words) ^ ShiftedState(b, words);
    crc = static_cast<uint32_t>(_mm_crc32_u64(c, LoadWord(third + (words - 1) * 8) ^ joined));
    data += words * 24;
    size -= words * 24;
  }
  return ExtendOneStream(crc, data, size);
}

#endif  // __x86_64__

inline uint32_t Extend(uint32_t crc, const uint8_t* data, size_t size) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) [[likely]] {
    if (size < 96) return ExtendOneStream(crc, data, size);
    if (__builtin_cpu_supports("pclmul")) [[likely]]
      return ExtendThreeStreams(crc, data, size);
    return ExtendOneStream(crc, data, size);
  }
#endif
  return ExtendTable(crc, data, size);
}

}  // namespace crc32c_internal

// The CRC of the bytes whose CRC is `crc`, followed by `size` bytes at `data`.
[[nodiscard]] inline uint32_t Crc32cExtend(uint32_t crc, const void* data, size_t size) noexcept {
  return ~crc32c_internal::Extend(~crc, static_cast<const uint8_t*>(data), size);
}

// The CRC of `size` bytes at `data`.
[[nodiscard]] inline uint32_t Crc32c(const void* data, size_t size) noexcept { return Crc32cExtend(0, data, size); }

}  // namespace moldau::base
