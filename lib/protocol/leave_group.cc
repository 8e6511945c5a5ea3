#include "protocol/leave_group.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<LeaveGroupRequest>;
template struct Codec<LeaveGroupResponse>;

}  // namespace moldau::protocol
