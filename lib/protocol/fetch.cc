#include "protocol/fetch.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<FetchRequest>;
template struct Codec<FetchResponse>;

}  // namespace moldau::protocol
