#pragma once

// Hints to the processor that Swift has no word for.

/// Tells the processor that a loop only waits.
static inline void processor_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

/// Tells the processor that the memory at an address, which need not be valid, will be used soon.
static inline void processor_prefetch(const void *address) {
  __builtin_prefetch(address);
}
