#include "protocol/encoder.h"

#include <cstddef>
#include <limits>

#include "base/status_builder.h"

namespace moldau::protocol {
namespace {

constexpr size_t kLongestString = std::numeric_limits<int16_t>::max();
constexpr size_t kLongestArray = std::numeric_limits<int32_t>::max() - 1;

}  // namespace

absl::Status Encoder::Finish(std::string& out) && {
  out = std::move(out_).take();
  if (status_.ok()) return status_;
  out.resize(start_);
  if (splices_ != nullptr) splices_->erase(splices_->begin() + static_cast<ptrdiff_t>(first_splice_), splices_->end());
  return status_;
}

void Encoder::Write(const std::string& text) {
  if (text.size() > kLongestString) return RefuseLength("string", text.size());
  flexible_ ? out_.CompactString(text) : out_.String(text);
}

void Encoder::Write(const std::optional<std::string>& text) {
  if (text) return Write(*text);
  flexible_ ? out_.CompactNull() : out_.Int(int16_t{-1});
}

// No tagged field holds batches, so the position is one in the whole encoding.
void Encoder::Write(const Bytes& batches) {
  if (splices_ == nullptr) return WriteOpaque(batches.text());
  WriteLength(batches.size());
  if (!batches.empty()) splices_->push_back({out_.bytes().size(), batches});
}

void Encoder::WriteOpaque(std::string_view bytes) {
  WriteLength(bytes.size());
  out_.Raw(bytes);
}

void Encoder::WriteLength(size_t length) {
  if (length > kLongestArray) return RefuseLength("length", length);
  flexible_ ? out_.CompactLength(length) : out_.Int(static_cast<int32_t>(length));
}

void Encoder::WriteNullLength() { flexible_ ? out_.CompactNull() : out_.Int(int32_t{-1}); }

void Encoder::RefuseSet(const char* field) {
  if (!status_.ok()) return;
  status_ = base::Error(absl::StatusCode::kUnimplemented, ErrorCode::kUnsupportedVersion,
                        "%s %s: version %d has no field %s, which is set", schema_.name, schema_.kind, version_, field);
}

void Encoder::RefuseNull(const char* field) {
  if (!status_.ok()) return;
  status_ = base::Error(absl::StatusCode::kUnimplemented, ErrorCode::kUnsupportedVersion,
                        "%s %s: field %s is null, which version %d does not allow", schema_.name, schema_.kind, field,
                        version_);
}

void Encoder::RefuseLength(const char* what, size_t length) {
  if (!status_.ok()) return;
  status_ =
      base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                  "%s %s: a %s of %d is more than the protocol can carry", schema_.name, schema_.kind, what, length);
}

}  // namespace moldau::protocol
