#include "protocol/list_groups.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<ListGroupsRequest>;
template struct Codec<ListGroupsResponse>;

}  // namespace moldau::protocol
