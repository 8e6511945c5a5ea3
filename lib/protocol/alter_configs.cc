#include "protocol/alter_configs.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<AlterConfigsRequest>;
template struct Codec<AlterConfigsResponse>;

}  // namespace moldau::protocol
