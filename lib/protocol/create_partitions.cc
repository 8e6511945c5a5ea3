#include "protocol/create_partitions.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<CreatePartitionsRequest>;
template struct Codec<CreatePartitionsResponse>;

}  // namespace moldau::protocol
