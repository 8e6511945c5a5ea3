#include "record/batch_builder.h"

#include <algorithm>
#include <cstring>

#include "record/compression.h"

namespace moldau::record {

BatchBuilder::BatchBuilder(size_t capacity)
    : owned_(std::max(capacity, layout::kHeaderSize)),
      begin_(owned_.data()),
      at_(begin_ + layout::kRecords),
      limit_(begin_ + owned_.capacity()) {}

BatchBuilder::BatchBuilder(std::span<std::byte> buffer) noexcept
    : begin_(buffer.data()),
      at_(begin_ + layout::kRecords),
      limit_(begin_ + std::max(buffer.size(), layout::kRecords)) {}

absl::StatusOr<std::span<std::byte>> BatchBuilder::Finish(const BatchFields& fields, Compression codec) {
  const BatchHeader header{.fields = fields,
                           .compression = codec,
                           .base_timestamp_ms = base_timestamp_ms_,
                           .max_timestamp_ms = max_timestamp_ms_,
                           .record_count = record_count_,
                           .last_offset_delta = record_count_ - 1};
  if (codec == Compression::kNone) {
    SealBatch(header, size_in_bytes(), begin_);
    return std::span<std::byte>(begin_, size_in_bytes());
  }
  const std::span<const std::byte> records(begin_ + layout::kRecords, at_);
  compressed_.Clear();
  compressed_.Reserve(layout::kHeaderSize + CompressBound(codec, records.size()));
  compressed_.Grow(layout::kHeaderSize);
  absl::StatusOr<size_t> size = Compress(codec, records, compressed_.free());
  if (!size.ok()) return size.status();
  compressed_.Grow(*size);
  SealBatch(header, compressed_.size(), compressed_.data());
  return std::span<std::byte>(compressed_.data(), compressed_.size());
}

void BatchBuilder::Clear() noexcept {
  at_ = begin_ + layout::kRecords;
  base_timestamp_ms_ = -1;
  max_timestamp_ms_ = -1;
  record_count_ = 0;
}

}  // namespace moldau::record
