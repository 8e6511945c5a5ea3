#include "protocol/init_producer_id.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<InitProducerIdRequest>;
template struct Codec<InitProducerIdResponse>;

}  // namespace moldau::protocol
