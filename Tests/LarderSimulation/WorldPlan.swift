import LarderHTTP2
import LarderService

/// What one seed's world is like: how much room there is, and what goes wrong how often.
struct WorldPlan {
    let isRoomy: Bool
    let budgetBytes: UInt64
    let entriesMax: UInt64?
    let shardCount: Int
    let keyCount: Int
    let clientCount: Int
    let stepCount: Int
    let valueBytes: [Int]
    let readBytesMax: Int
    let writeBytesMax: Int
    let limits: Limits
    let server: SessionOptions
    let client: SessionOptions

    let killsConnections: Bool
    let cancelsCalls: Bool
    let jumpsClock: Bool
    let stallsSockets: Bool
    let drains: Bool
    let setsDeadlines: Bool

    init(using generator: inout SeededGenerator) {
        isRoomy = generator.oneIn(3)
        budgetBytes = isRoomy ? 64 << 20 : UInt64(generator.pick([8, 16, 48, 100])) << 10
        entriesMax = !isRoomy && generator.oneIn(3) ? 6 : nil
        shardCount = generator.pick([1, 4, 16])
        keyCount = generator.pick([2, 6, 20])
        clientCount = generator.pick([1, 2, 3, 5])
        stepCount = 200 + generator.below(800)
        valueBytes = generator.pick([
            [0, 3, 40, 200], [10, 1_023, 1_025, 3_000], [5, 700, 5_000],
        ])
        readBytesMax = generator.pick([30, 400, 5_000, 100_000])
        writeBytesMax = generator.pick([30, 400, 5_000, 100_000])

        var limits = Limits()
        limits.messageBytesMax = 64 << 10
        limits.uploadBytesMax = generator.pick([64 << 10, 64 << 20])
        limits.waitingUploadBytesMax = generator.pick([4_000, 64 << 20])
        limits.pinnedBytesMax = generator.pick([20_000, 64 << 20])
        limits.unreadBytesMax = generator.pick([70_000, 64 << 20])
        limits.bulkAssemblyBytesMax = 1 << 20
        limits.exportMessageBytes = generator.pick([300, 2_000, 64 << 10])
        limits.exportPendingBytesMax = generator.pick([1_000, 256 << 10])
        limits.bulkSessionNanos = 900_000_000_000
        self.limits = limits
        var options = SessionOptions()
        options.initialWindowBytes = generator.pick([1_000, 16_000, 1 << 20])
        options.maxConcurrentStreams = generator.pick([4, 100])
        server = options
        options.initialWindowBytes = generator.pick([1_000, 16_000, 1 << 20])
        client = options

        killsConnections = generator.oneIn(2)
        cancelsCalls = generator.oneIn(2)
        jumpsClock = generator.oneIn(2)
        stallsSockets = generator.oneIn(2)
        drains = generator.oneIn(6)
        setsDeadlines = generator.oneIn(2)
    }
}
