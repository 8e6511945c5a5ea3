#include "log/whole_file.h"

#include "log/file_damage.h"
#include "moldau/error.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::log {
namespace {

std::vector<std::string> NamesIn(storage::Storage& storage, const std::string& directory) {
  std::vector<std::string> names;
  const std::vector<storage::DirectoryEntry> entries = storage.List(directory).value();
  for (const storage::DirectoryEntry& entry : entries) names.push_back(entry.name);
  return names;
}

TEST_CASE("a file that is replaced has the new contents and leaves nothing beside it", "[log][files]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("data"));
  for (const std::string contents : {"first", "", "a longer third"}) {
    REQUIRE_OK(ReplaceWholeFile(storage, "data", "note", contents));
    CHECK(ReadWholeFile(storage, "data/note", 100).value() == contents);
  }
  CHECK(NamesIn(storage, "data") == std::vector<std::string>{"note"});
}

TEST_CASE("what an earlier attempt left behind does not get into the new file", "[log][files]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("data"));
  const auto leftover = storage.Open("data/note.tmp", storage::OpenMode::kCreate).value();
  REQUIRE_OK(leftover->Write(0, AsBytes("much longer than what comes now")));
  REQUIRE_OK(ReplaceWholeFile(storage, "data", "note", "new"));
  CHECK(ReadWholeFile(storage, "data/note", 100).value() == "new");
  CHECK(NamesIn(storage, "data") == std::vector<std::string>{"note"});
}

TEST_CASE("a full disk leaves the old file and no half-written one", "[log][files]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("data"));
  REQUIRE_OK(ReplaceWholeFile(storage, "data", "note", "old"));
  storage.SetCapacity(storage.used_bytes());
  CHECK(ReplaceWholeFile(storage, "data", "note", std::string(10'000, 'x')).code() ==
        absl::StatusCode::kResourceExhausted);
  CHECK(ReadWholeFile(storage, "data/note", 100).value() == "old");
  CHECK(NamesIn(storage, "data") == std::vector<std::string>{"note"});
}

TEST_CASE("a failed flush is an error although the bytes could be read back", "[log][files]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("data"));
  REQUIRE_OK(ReplaceWholeFile(storage, "data", "note", "old"));
  storage.SetHook([](const storage::Operation& operation) {
    return operation.kind == storage::OperationKind::kFlush ? absl::DataLossError("flush failed") : absl::OkStatus();
  });
  CHECK(ReplaceWholeFile(storage, "data", "note", "new").code() == absl::StatusCode::kDataLoss);
  CHECK(ReadWholeFile(storage, "data/note", 100).value() == "old");
}

TEST_CASE("a file above the limit is not read", "[log][files]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("data"));
  REQUIRE_OK(ReplaceWholeFile(storage, "data", "note", "12345"));
  CHECK(ReadWholeFile(storage, "data/note", 5).value() == "12345");
  const auto contents = ReadWholeFile(storage, "data/note", 4);
  CHECK(contents.status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(std::string(contents.status().message()) == "data/note: 5 bytes are more than the limit of 4");
}

TEST_CASE("an error that is given a path keeps its code and Kafka's", "[log][files]") {
  CHECK_OK(WithPath(absl::OkStatus(), "data/note"));
  const absl::Status status =
      WithPath(WithErrorCode(absl::DataLossError("bad"), ErrorCode::kCorruptMessage), "data/note");
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK(std::string(status.message()) == "data/note: bad");
  CHECK(GetErrorCode(status) == ErrorCode::kCorruptMessage);
}

}  // namespace
}  // namespace moldau::log
