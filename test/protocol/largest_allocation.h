// The size of the largest single allocation of this thread since the object was made.
#pragma once

#include <cstddef>

namespace moldau::protocol::test {

class LargestAllocation {
 public:
  LargestAllocation() noexcept;
  [[nodiscard]] size_t size() const noexcept;
};

}  // namespace moldau::protocol::test
