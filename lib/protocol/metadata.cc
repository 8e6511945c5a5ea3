#include "protocol/metadata.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<MetadataRequest>;
template struct Codec<MetadataResponse>;

}  // namespace moldau::protocol
