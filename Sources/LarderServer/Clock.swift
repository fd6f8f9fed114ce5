#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The system's clocks. What is measured while serving is measured monotonically.
enum Clock {
    static func unixNanos() -> UInt64 { nanos(CLOCK_REALTIME) }

    /// What the loops' clock says: it goes on from wherever the system lets it begin.
    static func loopNanos() -> UInt64 { nanos(CLOCK_MONOTONIC) }

    /// What the process has used of its processors.
    static func processorNanos() -> UInt64 { nanos(CLOCK_PROCESS_CPUTIME_ID) }

    private static func nanos(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return 1 }
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
