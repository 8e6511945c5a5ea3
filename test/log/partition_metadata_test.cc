#include "log/partition_metadata.h"

#include "log/file_damage.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::log {
namespace {

// Written by hand from the format: base64 of the bytes 00 01 .. 0f, and no newline at the end.
const std::string kGolden = "version: 0\ntopic_id: AAECAwQFBgcICQoLDA0ODw";
const Uuid kTopicId = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

TEST_CASE("partition metadata has Kafka's two lines and is read back", "[log][metadata]") {
  CHECK(EncodePartitionMetadata(kTopicId) == kGolden);
  CHECK(DecodePartitionMetadata(kGolden).value() == kTopicId);
}

TEST_CASE("partition metadata saved by an editor, with a newline at the end, is read", "[log][metadata]") {
  CHECK(DecodePartitionMetadata(kGolden + "\n").value() == kTopicId);
  CHECK_FALSE(DecodePartitionMetadata(kGolden + "\n\n").ok());
}

TEST_CASE("partition metadata without a topic id is refused", "[log][metadata]") {
  const std::pair<const char*, const char*> texts[] = {
      {"", "line 1: not a version"},
      {"version:0\ntopic_id: AAECAwQFBgcICQoLDA0ODw", "line 1: not a version"},
      {"version: x\ntopic_id: AAECAwQFBgcICQoLDA0ODw", "line 1: not a version"},
      {"version: 0", "line 2: not a topic id"},
      {"version: 0\ntopic_id: ", "line 2: not a topic id"},
      {"version: 0\ntopic_id: AAECAwQFBgcICQoLDA0OD", "line 2: not a topic id"},
      {"version: 0\ntopic_id: AAECAwQFBgcICQoLDA0ODwA", "line 2: not a topic id"},
      {"version: 0\ntopic_id: AAECAwQFBgcICQoLDA0OD+", "line 2: not a topic id"},
      {"version: 0\ntopic_id: AAECAwQFBgcICQoLDA0ODx", "line 2: not a topic id"},  // bits that no encoder sets
      {"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA", "line 2: the topic id is zero"},
  };
  for (const auto& [text, message] : texts) {
    const auto id = DecodePartitionMetadata(text);
    CHECK(id.status().code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(id.status().message()) == message);
  }
}

TEST_CASE("partition metadata of a newer version is refused as such", "[log][metadata][L21]") {
  const auto id = DecodePartitionMetadata("version: 1\ntopic_id: AAECAwQFBgcICQoLDA0ODw");
  CHECK(id.status().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("every shortened partition metadata is refused", "[log][metadata]") {
  ForEachPrefix(kGolden, [](const std::string& prefix) { CHECK_FALSE(DecodePartitionMetadata(prefix).ok()); });
}

TEST_CASE("stored partition metadata survives a crash, and errors name the file", "[log][metadata]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("orders-0"));
  CHECK(LoadPartitionMetadata(storage, "orders-0").status().code() == absl::StatusCode::kNotFound);
  REQUIRE_OK(StorePartitionMetadata(storage, "orders-0", kTopicId));
  REQUIRE_OK(storage.FlushDirectory("."));
  const auto after = storage.CrashImage({});
  CHECK(LoadPartitionMetadata(*after, "orders-0").value() == kTopicId);

  const auto file = storage.Open("orders-0/partition.metadata", storage::OpenMode::kReadWrite).value();
  REQUIRE_OK(file->Truncate(10));
  CHECK(std::string(LoadPartitionMetadata(storage, "orders-0").status().message()) ==
        "orders-0/partition.metadata: line 2: not a topic id");
}

}  // namespace
}  // namespace moldau::log
