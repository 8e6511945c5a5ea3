// The body of the manifest as bytes: fixed-width little-endian fields in the order of the structs in manifest.h, each
// list and text after its length. One pass, one allocation to write; every length is checked against the bytes that are
// left to read.
//
// Threads: pure functions.   Ownership: none.   Failure: InvalidArgument or DataLoss naming the field.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/manifest.h"

namespace moldau::log {

// InvalidArgument for what DecodeManifestBody would refuse.
[[nodiscard]] absl::Status CheckManifest(const Manifest& manifest);

[[nodiscard]] size_t ManifestBodySize(const Manifest& manifest);

// Appends ManifestBodySize bytes to `out`. The manifest must have passed CheckManifest.
void AppendManifestBody(const Manifest& manifest, std::string& out);

// `body`, of a version up to kManifestVersion, begins at byte `begin` of the file `path`; both are for messages.
[[nodiscard]] absl::StatusOr<Manifest> DecodeManifestBody(std::span<const std::byte> body, uint32_t version,
                                                          size_t begin, std::string_view path);

}  // namespace moldau::log
