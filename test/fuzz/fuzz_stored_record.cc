// The records that Moldau itself keeps in logs, from any bytes: what was decided about topics, and committed offsets.
// Later fields are skipped and lengths may be written in several ways, so what is accepted need not come back byte by
// byte; but it means the same once it has been written and read again, and then its bytes stand still.
//
// Input: one byte that chooses the record, then its key or value.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/offset_record.h"
#include "fuzz/require.h"
#include "metadata/metadata_record.h"
#include "metadata/topic_image.h"

namespace {

using moldau::coordinator::DecodeOffsetKey;
using moldau::coordinator::DecodeOffsetValue;
using moldau::coordinator::EncodeOffsetKey;
using moldau::coordinator::EncodeOffsetValue;
using moldau::metadata::DecodeMetadataRecord;
using moldau::metadata::EncodeMetadataRecord;

void RequireRefusalSaysWhy(const absl::Status& status) {
  MOLDAU_REQUIRE(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status));
  MOLDAU_REQUIRE(!status.message().empty());
}

void TryMetadata(std::string_view value) {
  const auto record = DecodeMetadataRecord(value);
  if (!record.ok()) return RequireRefusalSaysWhy(record.status());
  const std::string written = EncodeMetadataRecord(*record);
  const auto again = DecodeMetadataRecord(written);
  MOLDAU_REQUIRE(again.ok() && *again == *record);
  MOLDAU_REQUIRE(EncodeMetadataRecord(*again) == written);
  // A record that contradicts the image is refused by it, whatever it holds.
  moldau::metadata::TopicImage image;
  image.Apply(*record).IgnoreError();
  image.Apply(*again).IgnoreError();
}

void TryOffsetKey(std::string_view bytes) {
  const auto key = DecodeOffsetKey(bytes);
  if (!key.ok()) return RequireRefusalSaysWhy(key.status());
  if (!key->has_value()) return;
  const std::string written = EncodeOffsetKey((*key)->group, (*key)->partition);
  const auto again = DecodeOffsetKey(written);
  MOLDAU_REQUIRE(again.ok() && *again == *key);
}

void TryOffsetValue(std::string_view bytes) {
  const auto value = DecodeOffsetValue(bytes);
  if (!value.ok()) return RequireRefusalSaysWhy(value.status());
  const std::string written = EncodeOffsetValue(*value);
  const auto again = DecodeOffsetValue(written);
  MOLDAU_REQUIRE(again.ok() && *again == *value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      TryMetadata(bytes);
      break;
    case 1:
      TryOffsetKey(bytes);
      break;
    default:
      TryOffsetValue(bytes);
      break;
  }
  return 0;
}
