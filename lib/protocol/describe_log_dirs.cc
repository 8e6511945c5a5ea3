#include "protocol/describe_log_dirs.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<DescribeLogDirsRequest>;
template struct Codec<DescribeLogDirsResponse>;

}  // namespace moldau::protocol
