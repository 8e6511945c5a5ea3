// Shared by the tests of the storage contract: the disks they run on, and short forms for files and their bytes.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "moldau/error.h"
#include "storage/disks.h"

namespace moldau::storage {

inline std::unique_ptr<File> OpenFile(Storage& storage, const std::string& path,
                                      OpenMode mode = OpenMode::kOpenOrCreate) {
  auto file = storage.Open(path, mode);
  REQUIRE_OK(file);
  return *std::move(file);
}

inline void WriteText(File& file, uint64_t offset, std::string_view text) {
  REQUIRE_OK(file.Write(offset, base::AsBytes(text)));
}

// A new file with this text.
inline void CreateFile(Storage& storage, const std::string& path, std::string_view text) {
  WriteText(*OpenFile(storage, path, OpenMode::kCreate), 0, text);
}

// Up to `size` bytes at `offset`.
inline std::string ReadText(const File& file, uint64_t offset, size_t size) {
  std::string text(size, '?');
  const auto got = file.Read(offset, std::as_writable_bytes(std::span(text)));
  REQUIRE_OK(got);
  text.resize(*got);
  return text;
}

// All of a file.
inline std::string ReadText(const File& file) { return ReadText(file, 0, file.Size().value()); }
inline std::string ReadText(Storage& storage, const std::string& path) {
  return ReadText(*OpenFile(storage, path, OpenMode::kRead));
}

inline bool Exists(Storage& storage, const std::string& path) { return storage.Open(path, OpenMode::kRead).ok(); }

inline std::unique_ptr<Mapping> MapFile(File& file, size_t size, MapMode mode = MapMode::kReadWrite) {
  auto mapping = file.Map(size, mode);
  REQUIRE_OK(mapping);
  return *std::move(mapping);
}

inline void Store(Mapping& mapping, size_t offset, std::string_view text) {
  std::memcpy(mapping.data() + offset, text.data(), text.size());
}

inline std::string_view Load(const Mapping& mapping, size_t offset, size_t size) {
  return base::AsText({mapping.data() + offset, size});
}

// The class of a refusal, after checking that it names the path and carries Kafka's code for trouble with storage.
template <typename Result>
absl::StatusCode Refusal(const Result& result, const std::string& path) {
  const absl::Status status = test::StatusOf(result);
  INFO(status);
  CHECK_THAT(std::string(status.message()), Catch::Contains(path));
  CHECK(GetErrorCode(status) == ErrorCode::kStorageError);
  return status.code();
}

}  // namespace moldau::storage

namespace Catch {

template <>
struct StringMaker<absl::StatusCode> {
  static std::string convert(absl::StatusCode code) { return absl::StatusCodeToString(code); }
};

}  // namespace Catch
