#include "protocol/decoder.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/status_builder.h"

namespace moldau::protocol {

absl::Status Decoder::Finish(Rest rest) const {
  if (in_.AtEnd() || (in_.ok() && rest == Rest::kIgnored)) return absl::OkStatus();
  if (in_.ok()) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                       "%s %s: version %d ends %d bytes before its %d bytes do", schema_.name, schema_.kind, version_,
                       in_.left(), source_.size());
  }
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                     "%s %s: version %d in %d bytes: field %s at byte %d does not fit", schema_.name, schema_.kind,
                     version_, source_.size(), failed_field_ == nullptr ? "?" : failed_field_, position_);
}

void Decoder::Read(std::string& text) {
  const std::optional<std::string_view> read = ReadNullableText();
  text = read ? *read : in_.Fail();
}

void Decoder::Read(std::optional<std::string>& text) { text = ReadNullableText(); }

void Decoder::Read(Bytes& bytes) {
  const std::optional<std::span<const std::byte>> read = ReadNullableBytes();
  if (!read) return static_cast<void>(in_.Fail());
  bytes = Bytes(*read, source_.owner());
}

void Decoder::Read(std::optional<Bytes>& bytes) {
  bytes.reset();
  if (const auto read = ReadNullableBytes()) bytes.emplace(*read, source_.owner());
}

void Decoder::ReadOpaque(std::string& bytes) {
  const std::optional<std::span<const std::byte>> read = ReadNullableBytes();
  bytes = read ? base::AsText(*read) : in_.Fail();
}

void Decoder::ReadOpaque(std::optional<std::string>& bytes) {
  bytes.reset();
  if (const auto read = ReadNullableBytes()) bytes = base::AsText(*read);
}

std::optional<std::string_view> Decoder::ReadNullableText() {
  if (!flexible_) return in_.NullableString();
  const std::optional<std::string_view> text = in_.CompactNullableString();
  return !text || text->size() <= static_cast<size_t>(std::numeric_limits<int16_t>::max()) ? text : in_.Fail();
}

std::optional<std::span<const std::byte>> Decoder::ReadNullableBytes() {
  const std::optional<size_t> length = ReadLength();
  if (!length) return std::nullopt;
  return in_.Take(*length);
}

std::optional<size_t> Decoder::ReadCount(size_t least_size, size_t size_in_memory) {
  const std::optional<size_t> count = ReadLength();
  if (!count) return std::nullopt;
  if (*count > in_.left() / std::max<size_t>(least_size, 1) || *count > memory_left_ / size_in_memory) {
    in_.Fail();
    return std::nullopt;
  }
  memory_left_ -= *count * size_in_memory;
  return count;
}

std::optional<size_t> Decoder::ReadLength() {
  const int64_t length = flexible_ ? int64_t{in_.UnsignedVarint()} - 1 : int64_t{in_.Int<int32_t>()};
  if (length < -1) in_.Fail();
  if (length < 0 || !in_.ok()) return std::nullopt;
  return static_cast<size_t>(length);
}

}  // namespace moldau::protocol
