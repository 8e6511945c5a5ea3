// Tells the processor that a loop only waits for memory to change.
#pragma once

namespace moldau::base {

inline void CpuRelax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace moldau::base
