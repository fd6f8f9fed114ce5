#if os(Linux)
import Glibc
import LarderCache
import Testing

@Suite("The memory of a process")
struct ResidentMemoryTests {
    // In a process of its own, so that it is the cache's memory that is measured.
    @Test("whatever is written, resident memory keeps to the budget, also to one that shrinks")
    func staysByBudget() async {
        await #expect(processExitsWith: .success) {
            // For 50 budgets' worth: LARDER_TEST_BUDGETS=50, in an optimised build.
            let turns = TestScale.number("LARDER_TEST_BUDGETS", usual: 6)
            var churn = Churn(budgetBytes: 64 << 20)
            for turn in 0..<turns { churn.run(turn) }
            churn.setBudget(24 << 20)
            for turn in 0..<turns / 2 { churn.run(turn) }
        }
    }

    @Test("memory that waits for the next entries goes back when none are expected")
    func givesIdleMemoryBack() async {
        await #expect(processExitsWith: .success) {
            let cache = Cache(
                Cache.Configuration(budgetBytes: 64 << 20, seed: .fixed(), shardCount: 8))
            let value = [UInt8](repeating: 5, count: 1000)
            var number = 0
            func write() {
                number += 1
                _ = cache.set(keyBytes(number).span, value.span, nowNanos: UInt64(number))
            }
            func waitingBytes() -> UInt64 {
                let usage = cache.arenaUsage
                return usage.residentBytes - usage.liveBytes - usage.holeBytes
            }
            write()
            let empty = residentBytes()
            // The segment behind the first huge one has just been begun.
            while cache.arenaUsage.residentBytes < 8 << 20 { write() }
            precondition(waitingBytes() > 15 << 17, "a segment is nearly empty")
            cache.giveBackIdle()
            let grown = residentBytes() - empty
            precondition(grown < cache.arenaUsage.liveBytes + 1 << 20, "\(grown >> 10) KiB")
            while cache.arenaUsage.residentBytes < 16 << 20 { write() }
            cache.checkInvariants()
            for known in 1...number {
                guard let held = cache.get(keyBytes(known).span, nowNanos: UInt64(number)) else {
                    preconditionFailure("what was written is there")
                }
                let count = held.value.count
                precondition(count == value.count, "what was written is whole")
            }
        }
    }
}

/// Writes of changing sizes, and a look at the memory after each budget's worth of them.
private struct Churn {
    private static let processBytes: UInt64 = 48 << 20

    private let cache: Cache
    private var generator = SeededGenerator(seed: 11)
    private let value = [UInt8](repeating: 5, count: 1 << 20)
    private var number = 0
    private var budgetBytes: UInt64

    init(budgetBytes: UInt64) {
        self.budgetBytes = budgetBytes
        cache = Cache(Cache.Configuration(budgetBytes: budgetBytes, seed: .fixed()))
    }

    /// Writes as much as the budget is.
    mutating func run(_ turn: Int) {
        var written: UInt64 = 0
        while written < budgetBytes {
            let bytes = someBytes(turn)
            number += 1
            // Some keys come again, with another size.
            let key = keyBytes(generator.oneIn(4) ? generator.below(number) : number)
            _ = cache.set(key.span, value.span.extracting(0..<bytes), nowNanos: UInt64(number))
            written += UInt64(bytes) + 64
        }
        check()
    }

    mutating func setBudget(_ bytes: UInt64) {
        budgetBytes = bytes
        cache.setBudget(bytes)
        check()
    }

    /// Small ones, large ones and all kinds in turns.
    private mutating func someBytes(_ turn: Int) -> Int {
        switch turn % 3 {
        case 0: 10 + generator.below(600)
        case 1: (64 << 10) + generator.below(960 << 10)
        default: 10 << generator.below(14)
        }
    }

    private func check() {
        let most = budgetBytes + budgetBytes / 20 + Self.processBytes
        let resident = residentBytes()
        precondition(resident > 0 && resident <= most, "\(resident >> 20) of \(most >> 20) MiB")
        precondition(cache.statistics().usedBytes > budgetBytes / 2, "the budget is used")
    }
}

/// Resident memory of this process.
private func residentBytes() -> UInt64 {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    let text: String? = unsafe line.withUnsafeMutableBufferPointer { line in
        guard let base = line.baseAddress, unsafe fgets(base, Int32(line.count), file) != nil
        else { return nil }
        return unsafe String(cString: base)
    }
    // The second number is the one of resident pages.
    let words = text?.split(separator: " ") ?? []
    return words.count > 1 ? (UInt64(words[1]) ?? 0) * UInt64(getpagesize()) : 0
}
#endif
