#include "protocol/sync_group.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<SyncGroupRequest>;
template struct Codec<SyncGroupResponse>;

}  // namespace moldau::protocol
