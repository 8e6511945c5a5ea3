#include "protocol/heartbeat.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<HeartbeatRequest>;
template struct Codec<HeartbeatResponse>;

}  // namespace moldau::protocol
