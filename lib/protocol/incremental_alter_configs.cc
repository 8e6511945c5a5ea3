#include "protocol/incremental_alter_configs.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<IncrementalAlterConfigsRequest>;
template struct Codec<IncrementalAlterConfigsResponse>;

}  // namespace moldau::protocol
