// A kilobyte that wants to become a gigabyte, and sizes that lie, for each codec: refused, and memory stays small.
#include <malloc.h>
#include <sys/resource.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "moldau/record/layout.h"
#include "record/compression.h"
#include "support/catch.h"

namespace moldau::record {
namespace {

constexpr size_t kGibibyte = size_t{1} << 30;
// For those who make bombs.
constexpr DecompressLimits kNoLimits{.max_bytes = SIZE_MAX, .ratio_free_bytes = SIZE_MAX};
constexpr DecompressLimits kLimits{.max_bytes = size_t{8} << 20, .max_ratio = 1 << 20};

// What the process has in memory now.
int64_t ResidentKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  }
  FAIL("no VmRSS in /proc/self/status");
  return 0;
}

void RefusesInLittleMemory(Compression codec, const std::vector<std::byte>& bomb, ErrorCode expected) {
  INFO(CompressionName(codec) << ", a bomb of " << bomb.size() << " bytes");
  const int64_t before = ResidentKib();
  Buffer out;
  const absl::Status status = Decompress(codec, bomb, kLimits, out);
  CHECK(GetErrorCode(status) == expected);
  CHECK(out.size() <= kLimits.max_bytes);
  CHECK(out.capacity() <= 4 * kLimits.max_bytes);
  CHECK(ResidentKib() - before < 64 << 10);  // the buffer while it grows, and the codec's own window
}

std::vector<std::byte> GzipBomb() {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<Bytef> zeros(1 << 20);
  std::vector<std::byte> bomb(2 << 20);
  z.next_out = reinterpret_cast<Bytef*>(bomb.data());
  z.avail_out = static_cast<uInt>(bomb.size());
  for (size_t fed = 0; fed < kGibibyte; fed += zeros.size()) {
    z.next_in = zeros.data();
    z.avail_in = static_cast<uInt>(zeros.size());
    REQUIRE(deflate(&z, fed + zeros.size() == kGibibyte ? Z_FINISH : Z_NO_FLUSH) >= 0);
  }
  bomb.resize(z.total_out);
  deflateEnd(&z);
  return bomb;
}

std::vector<std::byte> ZstdBomb() {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);  // asks the reader for 128 MiB
  const std::vector<std::byte> zeros(1 << 20);
  std::vector<std::byte> bomb(1 << 20);
  ZSTD_outBuffer output{bomb.data(), bomb.size(), 0};
  for (size_t fed = 0; fed < kGibibyte; fed += zeros.size()) {
    ZSTD_inBuffer input{zeros.data(), zeros.size(), 0};
    const bool last = fed + zeros.size() == kGibibyte;
    size_t left = 1;
    while (last ? left != 0 : input.pos != input.size) {
      left = ZSTD_compressStream2(context, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
      REQUIRE(ZSTD_isError(left) == 0);
    }
  }
  ZSTD_freeCCtx(context);
  bomb.resize(output.pos);
  return bomb;
}

// Many blocks that each give 255 times their size, as LZ4 at best can; the frame says 4 MiB blocks.
std::vector<std::byte> Lz4Bomb() {
  const std::vector<std::byte> zeros(64 << 20);
  std::vector<std::byte> bomb(CompressBound(Compression::kLz4, zeros.size()));
  bomb.resize(*Compress(Compression::kLz4, zeros, bomb, kNoLimits));
  const std::vector<std::byte> frame = bomb;
  for (size_t size = zeros.size(); size < kGibibyte; size += zeros.size())
    bomb.insert(bomb.end(), frame.begin(), frame.end());
  return bomb;
}

std::vector<std::byte> SnappyBomb() {
  const std::vector<std::byte> zeros(64 << 20);
  std::vector<std::byte> bomb(CompressBound(Compression::kSnappy, zeros.size()));
  bomb.resize(*Compress(Compression::kSnappy, zeros, bomb, kNoLimits));
  const std::vector<std::byte> stream = bomb;
  for (size_t size = zeros.size(); size < kGibibyte; size += zeros.size()) {
    bomb.insert(bomb.end(), stream.begin(), stream.end());
  }
  return bomb;
}

TEST_CASE("a stream that becomes a gigabyte is refused at the limit", "[record][bomb]") {
  RefusesInLittleMemory(Compression::kGzip, GzipBomb(), ErrorCode::kMessageTooLarge);
  RefusesInLittleMemory(Compression::kZstd, ZstdBomb(), ErrorCode::kMessageTooLarge);
  RefusesInLittleMemory(Compression::kLz4, Lz4Bomb(), ErrorCode::kMessageTooLarge);
  RefusesInLittleMemory(Compression::kSnappy, SnappyBomb(), ErrorCode::kMessageTooLarge);
}

TEST_CASE("a snappy block that claims a gigabyte in a few bytes is refused before anything is allocated",
          "[record][bomb]") {
  // The claim: 2^30 as a varint; then one literal byte.
  const std::vector<std::byte> claim = {std::byte{0x80}, std::byte{0x80}, std::byte{0x80}, std::byte{0x80},
                                        std::byte{0x04}, std::byte{0x00}, std::byte{'a'}};
  RefusesInLittleMemory(Compression::kSnappy, claim, ErrorCode::kCorruptMessage);
}

TEST_CASE("a zstd frame that claims a gigabyte in its header gets no memory for it", "[record][bomb]") {
  // Magic; descriptor: 8 bytes of content size, one segment; the size; one raw block of one byte that claims to be the
  // last.
  std::vector<std::byte> claim = {std::byte{0x28}, std::byte{0xb5}, std::byte{0x2f}, std::byte{0xfd}, std::byte{0xe0}};
  for (int i = 0; i < 8; ++i) claim.push_back(static_cast<std::byte>(kGibibyte >> (8 * i)));
  claim.insert(claim.end(), {std::byte{0x09}, std::byte{0}, std::byte{0}, std::byte{'a'}});
  RefusesInLittleMemory(Compression::kZstd, claim, ErrorCode::kCorruptMessage);
}

TEST_CASE("an lz4 frame that claims a gigabyte in its header gets no memory for it", "[record][bomb]") {
  const std::vector<std::byte> honest_input(1000);
  std::vector<std::byte> frame(CompressBound(Compression::kLz4, honest_input.size()));
  frame.resize(*Compress(Compression::kLz4, honest_input, frame));
  // A descriptor with the content size set, 4 MiB blocks: its checksum does not fit any more.
  frame[4] = std::byte{0x68};
  frame[5] = std::byte{0x70};
  std::vector<std::byte> claim(frame.begin(), frame.begin() + 6);
  for (int i = 0; i < 8; ++i) claim.push_back(static_cast<std::byte>(kGibibyte >> (8 * i)));
  claim.insert(claim.end(), frame.begin() + 6, frame.end());
  RefusesInLittleMemory(Compression::kLz4, claim, ErrorCode::kCorruptMessage);
}

TEST_CASE("with the default limits a kilobyte becomes 16 MiB at most", "[record][bomb]") {
  const std::vector<std::byte> zeros(size_t{17} << 20);
  std::vector<std::byte> bomb(CompressBound(Compression::kZstd, zeros.size()));
  CHECK(GetErrorCode(Compress(Compression::kZstd, zeros, bomb).status()) == ErrorCode::kMessageTooLarge);
  bomb.resize(*Compress(Compression::kZstd, zeros, bomb, kNoLimits));
  REQUIRE(bomb.size() < 4096);
  Buffer out;
  CHECK(GetErrorCode(Decompress(Compression::kZstd, bomb, {}, out)) == ErrorCode::kMessageTooLarge);
}

}  // namespace
}  // namespace moldau::record
