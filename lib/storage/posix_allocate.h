// Reserving space for a file, all or nothing: what Allocate promises, on file systems that keep half of a failed
// reservation (ext4) and on those that cannot reserve at all.
//
// Threads: the file must not be written at or beyond its end meanwhile.   Ownership: none.
// Failure: an errno; the size is what it was, and space taken beyond it is given back.
#pragma once

#include <cstdint>

namespace moldau::storage {

// Makes the file `size` bytes long, more than the `old_size` it has, or exactly as long with its holes filled. 0 or an
// errno.
[[nodiscard]] int ReserveSpace(int fd, uint64_t old_size, uint64_t size);

}  // namespace moldau::storage
