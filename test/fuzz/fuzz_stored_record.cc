// The records that Moldau itself keeps in logs, from any bytes: what was decided about topics, committed offsets, and
// the states of queues.
// Later fields are skipped and lengths may be written in several ways, so what is accepted need not come back byte by
// byte; but it means the same once it has been written and read again, and then its bytes stand still.
//
// Input: one byte that chooses the record, then its key or value.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/offset_record.h"
#include "coordinator/share_record.h"
#include "fuzz/require.h"
#include "metadata/metadata_record.h"
#include "metadata/topic_image.h"

namespace {

using moldau::coordinator::DecodeOffsetKey;
using moldau::coordinator::DecodeOffsetValue;
using moldau::coordinator::DecodeShareKey;
using moldau::coordinator::DecodeShareSnapshot;
using moldau::coordinator::DecodeShareUpdate;
using moldau::coordinator::EncodeOffsetKey;
using moldau::coordinator::EncodeOffsetValue;
using moldau::coordinator::EncodeShareKey;
using moldau::coordinator::EncodeShareSnapshot;
using moldau::coordinator::EncodeShareUpdate;
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

void TryShareKey(std::string_view bytes) {
  const auto key = DecodeShareKey(bytes);
  if (!key.ok()) return RequireRefusalSaysWhy(key.status());
  if (!key->has_value()) return;
  const auto again = DecodeShareKey(EncodeShareKey((*key)->kind, (*key)->key));
  MOLDAU_REQUIRE(again.ok() && *again == *key);
}

void TryShareSnapshot(std::string_view bytes) {
  const auto snapshot = DecodeShareSnapshot(bytes);
  if (!snapshot.ok()) return RequireRefusalSaysWhy(snapshot.status());
  const auto again = DecodeShareSnapshot(EncodeShareSnapshot(*snapshot));
  MOLDAU_REQUIRE(again.ok() && *again == *snapshot);
}

// Whatever an update says, the state that it makes can be written and read.
void TryShareUpdate(std::string_view bytes) {
  const auto update = DecodeShareUpdate(bytes);
  if (!update.ok()) return RequireRefusalSaysWhy(update.status());
  const auto again =
      DecodeShareUpdate(EncodeShareUpdate(update->snapshot_epoch, update->start_offset, update->changes));
  MOLDAU_REQUIRE(again.ok() && *again == *update);
  moldau::coordinator::ShareSnapshot snapshot{.state = {.start_offset = 3, .batches = {{.first = 3, .last = 40}}}};
  snapshot.state.Apply(update->start_offset, update->changes);
  const auto applied = DecodeShareSnapshot(EncodeShareSnapshot(snapshot));
  MOLDAU_REQUIRE(applied.ok() && *applied == snapshot);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      TryMetadata(bytes);
      break;
    case 1:
      TryOffsetKey(bytes);
      break;
    case 2:
      TryOffsetValue(bytes);
      break;
    case 3:
      TryShareKey(bytes);
      break;
    case 4:
      TryShareSnapshot(bytes);
      break;
    default:
      TryShareUpdate(bytes);
      break;
  }
  return 0;
}
