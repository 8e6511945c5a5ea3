#include "log/manifest.h"

#include <cstring>

#include "base/status_builder.h"
#include "log/manifest_codec.h"
#include "log/whole_file.h"
#include "moldau/base/crc32c.h"

namespace moldau::log {
namespace {

constexpr std::string_view kMagic = "MOLDAUMF";
constexpr size_t kVersion = 8;      // uint32
constexpr size_t kBodyLength = 12;  // uint64
constexpr size_t kBody = 20;
constexpr size_t kCrcBytes = 4;
constexpr size_t kMaxFileBytes = size_t{1} << 30;

template <typename T>
T LoadLittle(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

template <typename T>
void AppendLittle(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

constexpr const char* kWayOut =
    "remove the file to go on: every log is then recovered in full from its segments, and log start offsets fall back "
    "to "
    "the first segment";

template <typename... Args>
absl::Status Damaged(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return base::Error(absl::StatusCode::kDataLoss, "%s; %s", absl::StrFormat(format, args...), kWayOut);
}

// Everything but the body: where it lies, and that no bit of the file has changed.
absl::Status CheckFrame(std::span<const std::byte> file, std::string_view path) {
  if (file.size() < kBody + kCrcBytes) {
    return Damaged("%s: ends at byte %d, before the end of its header at byte %d", path, file.size(),
                   kBody + kCrcBytes);
  }
  if (std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) {
    return Damaged("%s: byte 0: does not begin with %s", path, kMagic);
  }
  const uint32_t version = LoadLittle<uint32_t>(file.data() + kVersion);
  const uint64_t length = LoadLittle<uint64_t>(file.data() + kBodyLength);
  const bool fits = length == file.size() - kBody - kCrcBytes;
  const size_t crc_at = file.size() - kCrcBytes;
  const uint32_t crc = base::Crc32c(file.data(), crc_at);
  const bool intact = fits && crc == LoadLittle<uint32_t>(file.data() + crc_at);
  if (version > kManifestVersion) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "%s: byte %d: format version %d is above %d: written by a newer version%s", path, kVersion,
                       version, kManifestVersion, intact ? "" : ", or damaged: its checksum does not match");
  }
  if (!fits) {
    return Damaged("%s: byte %d: the body should have %d bytes, the file has room for %d", path, kBodyLength, length,
                   file.size() - kBody - kCrcBytes);
  }
  if (!intact) {
    return Damaged("%s: byte %d: bad checksum: crc of the bytes before it is %08x, not %08x", path, crc_at, crc,
                   LoadLittle<uint32_t>(file.data() + crc_at));
  }
  if (version < kFirstManifestVersion)
    return Damaged("%s: byte %d: format version %d is unknown", path, kVersion, version);
  return absl::OkStatus();
}

std::string PathIn(const std::string& directory) { return absl::StrFormat("%s/%s", directory, kManifestFileName); }

}  // namespace

absl::StatusOr<std::string> EncodeManifest(const Manifest& manifest) {
  MOLDAU_RETURN_IF_ERROR(CheckManifest(manifest));
  const size_t body_size = ManifestBodySize(manifest);
  std::string file;
  file.reserve(kBody + body_size + kCrcBytes);
  file += kMagic;
  AppendLittle(file, kManifestVersion);
  AppendLittle(file, uint64_t{body_size});
  AppendManifestBody(manifest, file);
  AppendLittle(file, base::Crc32c(file.data(), file.size()));
  return file;
}

absl::StatusOr<Manifest> DecodeManifest(std::span<const std::byte> file, std::string_view path) {
  MOLDAU_RETURN_IF_ERROR(CheckFrame(file, path));
  const auto version = LoadLittle<uint32_t>(file.data() + kVersion);
  absl::StatusOr<Manifest> manifest =
      DecodeManifestBody(file.subspan(kBody, file.size() - kBody - kCrcBytes), version, kBody, path);
  if (!manifest.ok()) return Damaged("%s", manifest.status().message());
  return manifest;
}

absl::StatusOr<Manifest> LoadManifest(storage::Storage& storage, const std::string& directory) {
  const std::string path = PathIn(directory);
  MOLDAU_ASSIGN_OR_RETURN(const std::string file, ReadWholeFile(storage, path, kMaxFileBytes));
  return DecodeManifest(std::as_bytes(std::span(file)), path);
}

absl::Status StoreManifest(storage::Storage& storage, const std::string& directory, const Manifest& manifest) {
  absl::StatusOr<std::string> file = EncodeManifest(manifest);
  if (!file.ok()) return WithPath(file.status(), PathIn(directory));
  return ReplaceWholeFile(storage, directory, kManifestFileName, *file);
}

}  // namespace moldau::log
