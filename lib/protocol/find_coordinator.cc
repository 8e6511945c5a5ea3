#include "protocol/find_coordinator.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<FindCoordinatorRequest>;
template struct Codec<FindCoordinatorResponse>;

}  // namespace moldau::protocol
