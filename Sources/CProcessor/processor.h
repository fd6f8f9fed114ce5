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

/// As `processor_prefetch`, for memory that will be written: no other processor keeps it.
static inline void processor_prefetch_to_write(const void *address) {
#if defined(__x86_64__) || defined(__i386__)
  // The builtin asks to read unless the compiler may use everything that newer processors have.
  __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
  __builtin_prefetch(address, 1);
#endif
}

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

int sched_getcpu(void);
#endif

/// The number of the processor that this runs on, which may be another one at once; 0 where the
/// system does not tell it cheaply.
static inline int processor_number(void) {
#if defined(__linux__)
  int number = sched_getcpu();
  return number < 0 ? 0 : number;
#else
  return 0;
#endif
}

/// How many processors the calling thread may run on; 1 where the system does not tell.
static inline int processor_count(void) {
  int count = 0;
#if defined(__linux__)
  unsigned char set[1024];
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
  for (long index = 0; index < bytes; index++) count += __builtin_popcount(set[index]);
#endif
  return count > 0 ? count : 1;
}
