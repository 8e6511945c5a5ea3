#include "log/whole_file.h"

#include <memory>

#include "absl/strings/cord.h"
#include "base/status_builder.h"

namespace moldau::log {
namespace {

absl::Status WriteNew(storage::Storage& storage, const std::string& path, std::string_view contents) {
  MOLDAU_ASSIGN_OR_RETURN(const std::unique_ptr<storage::File> file, storage.Open(path, storage::OpenMode::kCreate));
  if (!contents.empty()) MOLDAU_RETURN_IF_ERROR(file->Write(0, std::as_bytes(std::span(contents))));
  return file->Flush();
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(storage::Storage& storage, const std::string& path, size_t limit_bytes) {
  MOLDAU_ASSIGN_OR_RETURN(const std::unique_ptr<storage::File> file, storage.Open(path, storage::OpenMode::kRead));
  MOLDAU_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > limit_bytes) {
    return base::Error(absl::StatusCode::kResourceExhausted, "%s: %d bytes are more than the limit of %d", path, size,
                       limit_bytes);
  }
  std::string contents(size, '\0');
  MOLDAU_ASSIGN_OR_RETURN(const size_t read, file->Read(0, std::as_writable_bytes(std::span(contents))));
  contents.resize(read);
  return contents;
}

absl::Status WriteWholeFile(storage::Storage& storage, const std::string& path, std::string_view contents, bool flush) {
  MOLDAU_ASSIGN_OR_RETURN(const std::unique_ptr<storage::File> file,
                          storage.Open(path, storage::OpenMode::kOpenOrCreate));
  MOLDAU_RETURN_IF_ERROR(file->Truncate(0));
  if (!contents.empty()) MOLDAU_RETURN_IF_ERROR(file->Write(0, std::as_bytes(std::span(contents))));
  return flush ? file->Flush() : absl::OkStatus();
}

absl::Status ReplaceWholeFile(storage::Storage& storage, const std::string& directory, std::string_view name,
                              std::string_view contents) {
  const std::string path = absl::StrFormat("%s/%s", directory, name);
  const std::string temporary = path + ".tmp";
  // A new file each time: after a failed flush nothing that was written to the old one may be trusted.
  if (absl::Status removed = storage.Remove(temporary); !removed.ok() && !absl::IsNotFound(removed)) return removed;
  absl::Status status = WriteNew(storage, temporary, contents);
  if (status.ok()) status = storage.Rename(temporary, path);
  if (!status.ok()) {
    storage.Remove(temporary).IgnoreError();  // the next attempt removes it if this does not
    return status;
  }
  return storage.FlushDirectory(directory);
}

absl::Status WithPath(const absl::Status& status, std::string_view path) {
  if (status.ok()) return status;
  absl::Status result(status.code(), absl::StrFormat("%s: %s", path, status.message()));
  status.ForEachPayload([&](auto type, const absl::Cord& payload) { result.SetPayload(type, payload); });
  return result;
}

}  // namespace moldau::log
