#include "protocol/delete_topics.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<DeleteTopicsRequest>;
template struct Codec<DeleteTopicsResponse>;

}  // namespace moldau::protocol
