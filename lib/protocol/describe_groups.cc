#include "protocol/describe_groups.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<DescribeGroupsRequest>;
template struct Codec<DescribeGroupsResponse>;

}  // namespace moldau::protocol
