// Moldau's side of the comparisons.
//
// Threads: as harness/support.h.   Ownership: values.   Failure: as harness/support.h.
#pragma once

#include <string>

#include "peer.h"

namespace moldau::bench {

// Does what the peers' programs do for such a turn, and answers as they do. The directory of the turn is not used.
double RunMoldau(const Turn& turn);

// Opens a broker in `directory`, writes a record and reads it, says so on a line, and waits until its input ends.
int ReadFirstRecord(const std::string& directory);

}  // namespace moldau::bench
