#include "record/compression.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "support/catch.h"

namespace moldau::record {
namespace {

constexpr Compression kCodecs[] = {Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd};

std::vector<std::byte> Bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> Squeeze(Compression codec, std::span<const std::byte> in) {
  std::vector<std::byte> out(CompressBound(codec, in.size()));
  const auto size = Compress(codec, in, out);
  REQUIRE_OK(size);
  out.resize(*size);
  return out;
}

std::vector<std::byte> ToVector(const Buffer& buffer) { return {buffer.bytes().begin(), buffer.bytes().end()}; }

// Text that compresses a little, and noise that does not.
std::vector<std::byte> Sample(size_t size, uint64_t seed, bool noise) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(noise ? random() : 'a' + random() % 5);
  return bytes;
}

TEST_CASE("every codec gives back what it was given, at every size", "[record][compression]") {
  for (const Compression codec : kCodecs) {
    for (const size_t size : {0, 1, 100, 4095, 4096, 32767, 32768, 32769, 65536, 300'000, 3'000'000}) {
      for (const bool noise : {false, true}) {
        INFO(CompressionName(codec) << ", " << size << " bytes" << (noise ? " of noise" : ""));
        const std::vector<std::byte> in = Sample(size, size, noise);
        const std::vector<std::byte> squeezed = Squeeze(codec, in);
        Buffer out;
        REQUIRE_OK(Decompress(codec, squeezed, {}, out));
        REQUIRE(ToVector(out) == in);
      }
    }
  }
}

TEST_CASE("the codec none copies", "[record][compression]") {
  const std::vector<std::byte> in = Bytes("as it is");
  Buffer out;
  CHECK(Squeeze(Compression::kNone, in) == in);
  CHECK_OK(Decompress(Compression::kNone, in, {}, out));
  CHECK(ToVector(out) == in);
}

TEST_CASE("decompressing appends to what the buffer holds", "[record][compression]") {
  for (const Compression codec : kCodecs) {
    Buffer out;
    REQUIRE_OK(Decompress(codec, Squeeze(codec, Bytes("one ")), {}, out));
    REQUIRE_OK(Decompress(codec, Squeeze(codec, Bytes("two")), {}, out));
    CHECK(ToVector(out) == Bytes("one two"));
  }
}

TEST_CASE("compressing into too little room is an error and not an overrun", "[record][compression]") {
  for (const Compression codec : kCodecs) {
    std::vector<std::byte> out(10);
    const auto size = Compress(codec, Sample(1000, 1, true), out);
    CHECK(size.status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("an unknown codec is refused by number", "[record][compression]") {
  Buffer out;
  const absl::Status status = Decompress(static_cast<Compression>(7), Bytes("x"), {}, out);
  CHECK(GetErrorCode(status) == ErrorCode::kUnsupportedCompressionType);
  CHECK(std::string(status.message()).find("7") != std::string::npos);
}

TEST_CASE("a payload cut off anywhere is corrupt, and a context used for it is fit for the next",
          "[record][compression]") {
  const std::vector<std::byte> in = Sample(2000, 3, false);
  for (const Compression codec : kCodecs) {
    const std::vector<std::byte> whole = Squeeze(codec, in);
    for (size_t size = 0; size < whole.size(); ++size) {
      // The framing of snappy ends where its bytes do: a cut between header and first block is an empty stream.
      if (codec == Compression::kSnappy && size == 16) continue;
      const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      Buffer out;
      INFO(CompressionName(codec) << ", " << size << " of " << whole.size());
      REQUIRE(GetErrorCode(Decompress(codec, cut, {}, out)) == ErrorCode::kCorruptMessage);
    }
    Buffer out;
    REQUIRE_OK(Decompress(codec, whole, {}, out));
    REQUIRE(ToVector(out) == in);
  }
}

TEST_CASE("damage in a payload ends in an answer within the limits", "[record][compression]") {
  std::mt19937_64 random(11);
  const DecompressLimits limits{.max_bytes = 1 << 20};
  for (const Compression codec : kCodecs) {
    const std::vector<std::byte> whole = Squeeze(codec, Sample(5000, 5, false));
    for (int i = 0; i < 2000; ++i) {
      std::vector<std::byte> damaged = whole;
      for (uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
        damaged[random() % damaged.size()] ^= static_cast<std::byte>(1U << (random() % 8));
      }
      Buffer out;
      const absl::Status status = Decompress(codec, damaged, limits, out);
      REQUIRE(out.size() <= limits.max_bytes);
      if (!status.ok()) {
        const ErrorCode code = GetErrorCode(status);
        REQUIRE((code == ErrorCode::kCorruptMessage || code == ErrorCode::kMessageTooLarge));
      }
    }
  }
}

TEST_CASE("output of exactly the limit passes, one byte more does not", "[record][compression]") {
  for (const Compression codec :
       {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) {
    for (const size_t limit : {size_t{100}, size_t{4096}, size_t{70'000}}) {
      INFO(CompressionName(codec) << ", limit " << limit);
      const DecompressLimits limits{.max_bytes = limit};
      Buffer fits;
      CHECK_OK(Decompress(codec, Squeeze(codec, Sample(limit, 1, true)), limits, fits));
      CHECK(fits.size() == limit);
      Buffer over;
      const absl::Status status = Decompress(codec, Squeeze(codec, Sample(limit + 1, 1, true)), limits, over);
      CHECK(status.code() == absl::StatusCode::kResourceExhausted);
      CHECK(GetErrorCode(status) == ErrorCode::kMessageTooLarge);
      CHECK(std::string(status.message()).find(std::to_string(limit)) != std::string::npos);
      CHECK(over.size() <= limit);
    }
  }
}

TEST_CASE("a ratio counts only beyond what is free of it", "[record][compression]") {
  const std::vector<std::byte> zeros(1 << 20);
  const std::vector<std::byte> squeezed = Squeeze(Compression::kZstd, zeros);
  Buffer out;
  CHECK_OK(Decompress(Compression::kZstd, squeezed, {.max_ratio = 10, .ratio_free_bytes = 1 << 20}, out));
  Buffer refused;
  CHECK(Decompress(Compression::kZstd, squeezed, {.max_ratio = 10, .ratio_free_bytes = 1 << 19}, refused).code() ==
        absl::StatusCode::kResourceExhausted);
  CHECK(refused.size() <= 1 << 19);
}

TEST_CASE("snappy is written in blocks behind the header that Java expects, and read without it",
          "[record][compression]") {
  const std::vector<std::byte> framed = Squeeze(Compression::kSnappy, Sample(100'000, 2, false));
  const unsigned char header[16] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
  REQUIRE(std::memcmp(framed.data(), header, sizeof(header)) == 0);

  // The raw block of "aaaaa…": 20 bytes, one literal 'a', one copy of 19 bytes from one byte back.
  const std::vector<std::byte> raw = {std::byte{20}, std::byte{0}, std::byte{'a'}, std::byte{(18 << 2) | 2},
                                      std::byte{1},  std::byte{0}};
  Buffer out;
  REQUIRE_OK(Decompress(Compression::kSnappy, raw, {}, out));
  CHECK(ToVector(out) == Bytes(std::string(20, 'a')));
}

TEST_CASE("compressed streams put one behind the other are read as one", "[record][compression]") {
  for (const Compression codec : kCodecs) {
    INFO(CompressionName(codec));
    std::vector<std::byte> both = Squeeze(codec, Bytes("one "));
    const std::vector<std::byte> second = Squeeze(codec, Bytes("two"));
    both.insert(both.end(), second.begin(), second.end());
    Buffer out;
    REQUIRE_OK(Decompress(codec, both, {}, out));
    CHECK(ToVector(out) == Bytes("one two"));
  }
}

}  // namespace
}  // namespace moldau::record
