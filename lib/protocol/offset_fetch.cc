#include "protocol/offset_fetch.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<OffsetFetchRequest>;
template struct Codec<OffsetFetchResponse>;

}  // namespace moldau::protocol
