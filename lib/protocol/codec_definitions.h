// The definitions of Codec, for the sources that instantiate it: `template struct Codec<JoinGroupRequest>;`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status_builder.h"
#include "protocol/codec.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"

namespace moldau::protocol {

[[nodiscard]] inline absl::Status CheckVersion(const Schema& schema, int16_t version) {
  if (schema.min_version <= version && version <= schema.max_version) return absl::OkStatus();
  return base::Error(absl::StatusCode::kUnimplemented, ErrorCode::kUnsupportedVersion,
                     "%s %s: version %d is not one of %d to %d", schema.name, schema.kind, version, schema.min_version,
                     schema.max_version);
}

template <typename Message>
absl::Status Codec<Message>::Encode(const Message& message, int16_t version, std::string& out,
                                    std::vector<Splice>* splices) {
  MOLDAU_RETURN_IF_ERROR(CheckVersion(Message::kSchema, version));
  Encoder encoder(Message::kSchema, version, std::move(out), splices);
  encoder.WriteStruct(message);
  return std::move(encoder).Finish(out);
}

template <typename Message>
absl::StatusOr<Message> Codec<Message>::Decode(const Bytes& bytes, int16_t version, const DecodeLimits& limits) {
  MOLDAU_RETURN_IF_ERROR(CheckVersion(Message::kSchema, version));
  Decoder decoder(Message::kSchema, version, bytes, limits);
  Message message;
  decoder.ReadStruct(message);
  MOLDAU_RETURN_IF_ERROR(decoder.Finish());
  return message;
}

}  // namespace moldau::protocol
