#include "coordinator/java_hash.h"

#include <limits>

namespace moldau::coordinator {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

int SequenceLength(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 0;
}

// Neither a needlessly long form, nor half of a surrogate pair, nor beyond Unicode.
bool IsScalar(uint32_t code_point, int length) {
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  return code_point >= kLeast[length] && code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff);
}

// Takes one character off the front of `text`, or one byte that begins none.
uint32_t NextCodePoint(std::string_view& text) {
  const auto first = static_cast<uint8_t>(text.front());
  const int length = SequenceLength(first);
  if (length == 0 || text.size() < static_cast<size_t>(length)) {
    text.remove_prefix(1);
    return kReplacement;
  }
  uint32_t code_point = length == 1 ? first : first & (0xffu >> (length + 1));
  for (int i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[static_cast<size_t>(i)]);
    if ((byte & 0xc0) != 0x80) {
      text.remove_prefix(1);
      return kReplacement;
    }
    code_point = code_point << 6 | (byte & 0x3f);
  }
  if (!IsScalar(code_point, length)) {
    text.remove_prefix(1);
    return kReplacement;
  }
  text.remove_prefix(static_cast<size_t>(length));
  return code_point;
}

}  // namespace

int32_t JavaStringHash(std::string_view text) {
  uint32_t hash = 0;
  while (!text.empty()) {
    const uint32_t code_point = NextCodePoint(text);
    if (code_point < 0x10000) {
      hash = 31 * hash + code_point;
    } else {
      hash = 31 * hash + (0xd800 + ((code_point - 0x10000) >> 10));
      hash = 31 * hash + (0xdc00 + ((code_point - 0x10000) & 0x3ff));
    }
  }
  return static_cast<int32_t>(hash);
}

int32_t PartitionForGroup(std::string_view group, int32_t partitions) {
  const int32_t hash = JavaStringHash(group);
  if (hash == std::numeric_limits<int32_t>::min()) return 0;
  return (hash < 0 ? -hash : hash) % partitions;
}

}  // namespace moldau::coordinator
