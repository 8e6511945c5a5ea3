#include "protocol/create_topics.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<CreateTopicsRequest>;
template struct Codec<CreateTopicsResponse>;

}  // namespace moldau::protocol
