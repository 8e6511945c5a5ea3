#include "protocol/describe_configs.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<DescribeConfigsRequest>;
template struct Codec<DescribeConfigsResponse>;

}  // namespace moldau::protocol
