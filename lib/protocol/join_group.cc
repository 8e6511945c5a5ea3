#include "protocol/join_group.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<JoinGroupRequest>;
template struct Codec<JoinGroupResponse>;

}  // namespace moldau::protocol
