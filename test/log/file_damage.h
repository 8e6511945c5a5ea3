// What tests of file formats do to bytes: every single bit flip, every shorter file.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace moldau::log {

inline std::span<const std::byte> AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// Bytes written down in hexadecimal; spaces are for the reader.
inline std::string FromHex(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

inline std::string WithBitFlipped(std::string bytes, size_t bit) {
  bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1u << bit % 8));
  return bytes;
}

template <typename Visit>
void ForEachBitFlip(const std::string& bytes, const Visit& visit) {
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) visit(WithBitFlipped(bytes, bit));
}

// Every length below the whole.
template <typename Visit>
void ForEachPrefix(const std::string& bytes, const Visit& visit) {
  for (size_t length = 0; length < bytes.size(); ++length) visit(bytes.substr(0, length));
}

}  // namespace moldau::log
