#include "protocol/describe_cluster.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<DescribeClusterRequest>;
template struct Codec<DescribeClusterResponse>;

}  // namespace moldau::protocol
