#include "protocol/offset_for_leader_epoch.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<OffsetForLeaderEpochRequest>;
template struct Codec<OffsetForLeaderEpochResponse>;

}  // namespace moldau::protocol
