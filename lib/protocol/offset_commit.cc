#include "protocol/offset_commit.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<OffsetCommitRequest>;
template struct Codec<OffsetCommitResponse>;

}  // namespace moldau::protocol
