#include "protocol/delete_records.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {

template struct Codec<DeleteRecordsRequest>;
template struct Codec<DeleteRecordsResponse>;

}  // namespace moldau::protocol
