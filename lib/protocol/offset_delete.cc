#include "protocol/offset_delete.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<OffsetDeleteRequest>;
template struct Codec<OffsetDeleteResponse>;

}  // namespace moldau::protocol
