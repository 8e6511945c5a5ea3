#include "protocol/produce.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<ProduceRequest>;
template struct Codec<ProduceResponse>;

}  // namespace moldau::protocol
