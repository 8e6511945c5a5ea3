// The text form of identifiers: Kafka's URL-safe base64 without padding.
#include <string>
#include <string_view>

#include "moldau/types.h"

namespace moldau {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr size_t kTextSize = 22;  // 128 bits at 6 per character, the last four bits unused
constexpr int kUnusedBits = 4;

}  // namespace

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(kTextSize);
  uint32_t pending = 0;
  int pending_bits = 0;
  for (const uint8_t byte : bytes) {
    pending = pending << 8 | byte;
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text.push_back(kAlphabet[pending >> pending_bits & 0x3f]);
    }
  }
  text.push_back(kAlphabet[pending << kUnusedBits & 0x3f]);
  return text;
}

bool Uuid::Parse(const std::string& text, Uuid& out) {
  if (text.size() != kTextSize) return false;
  Uuid parsed;
  uint32_t pending = 0;
  int pending_bits = 0;
  size_t filled = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return false;
    pending = pending << 6 | static_cast<uint32_t>(digit);
    pending_bits += 6;
    if (pending_bits >= 8 && filled < parsed.bytes.size()) {
      pending_bits -= 8;
      parsed.bytes[filled++] = static_cast<uint8_t>(pending >> pending_bits);
    }
  }
  // One identifier has one text: bits that no encoder writes are refused.
  if ((pending & ((1u << kUnusedBits) - 1)) != 0) return false;
  out = parsed;
  return true;
}

}  // namespace moldau
