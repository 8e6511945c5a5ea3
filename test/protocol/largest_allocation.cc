#include "largest_allocation.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local size_t largest = 0;

}  // namespace

// In a file of their own, where no compiler sees one inlined and the other not.
void* operator new(size_t size) {
  largest = std::max(largest, size);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
// The form that does not throw would otherwise be the sanitizer's own, which wants its memory back itself.
void* operator new(size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace moldau::protocol::test {

LargestAllocation::LargestAllocation() noexcept { largest = 0; }

size_t LargestAllocation::size() const noexcept { return largest; }

}  // namespace moldau::protocol::test
