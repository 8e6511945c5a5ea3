#include "protocol/delete_groups.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<DeleteGroupsRequest>;
template struct Codec<DeleteGroupsResponse>;

}  // namespace moldau::protocol
