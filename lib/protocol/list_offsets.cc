#include "protocol/list_offsets.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<ListOffsetsRequest>;
template struct Codec<ListOffsetsResponse>;

}  // namespace moldau::protocol
