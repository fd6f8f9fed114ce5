#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What the operating system says the process holds.
enum ResidentMemory {
    /// 0 where the system does not tell.
    static var bytes: UInt64 {
        guard let text = SystemFiles(root: "").text("/proc/self/statm") else { return 0 }
        let words = text.split(separator: " ")
        guard words.count > 1, let pages = UInt64(words[1]) else { return 0 }
        return pages.multipliedReportingOverflow(by: UInt64(clamping: getpagesize())).partialValue
    }
}
