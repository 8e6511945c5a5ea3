#include "protocol/consumer_protocol.h"

#include <algorithm>
#include <utility>

#include "protocol/codec_definitions.h"
#include "protocol/wire_reader.h"
#include "protocol/wire_writer.h"

namespace moldau::protocol {
namespace {

template <typename Message>
absl::StatusOr<std::string> EncodeWithVersion(const Message& message, int16_t version) {
  WireWriter start;
  start.Int(version);
  std::string out = std::move(start).take();
  MOLDAU_RETURN_IF_ERROR(Codec<Message>::Encode(message, version, out, nullptr));
  return out;
}

template <typename Message>
absl::StatusOr<Message> DecodeWithVersion(std::string_view bytes) {
  WireReader start(bytes);
  const auto version = start.Int<int16_t>();
  if (!start.ok() || version < 0) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                       "%s %s: %d bytes do not begin with a version", Message::kSchema.name, Message::kSchema.kind,
                       bytes.size());
  }
  const Bytes body = start.rest();
  Decoder decoder(Message::kSchema, std::min(version, Message::kSchema.max_version), body, DecodeLimits{});
  Message message;
  decoder.ReadStruct(message);
  MOLDAU_RETURN_IF_ERROR(decoder.Finish(Decoder::Rest::kIgnored));
  return message;
}

}  // namespace

absl::StatusOr<std::string> EncodeSubscription(const ConsumerProtocolSubscription& subscription, int16_t version) {
  return EncodeWithVersion(subscription, version);
}

absl::StatusOr<std::string> EncodeAssignment(const ConsumerProtocolAssignment& assignment, int16_t version) {
  return EncodeWithVersion(assignment, version);
}

absl::StatusOr<ConsumerProtocolSubscription> DecodeSubscription(std::string_view bytes) {
  return DecodeWithVersion<ConsumerProtocolSubscription>(bytes);
}

absl::StatusOr<ConsumerProtocolAssignment> DecodeAssignment(std::string_view bytes) {
  return DecodeWithVersion<ConsumerProtocolAssignment>(bytes);
}

}  // namespace moldau::protocol
