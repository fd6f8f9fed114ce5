/// Messages of a pipeline that wait until answers before them are sent.
struct PipelineBacklog {
    /// A message and where in it the work has to go on.
    struct Waiting {
        let bytes: [UInt8]
        var offset: Int
        /// When it came: what it asks may be late by the time it is done.
        let arrivedNanos: UInt64
    }

    private var waiting: [Waiting] = []
    private var firstIndex = 0
    /// What it holds.
    private(set) var bytes = 0

    var isEmpty: Bool { firstIndex == waiting.count }

    /// The message that is next.
    var first: Waiting? { isEmpty ? nil : waiting[firstIndex] }

    /// Keeps a copy of a message from `offset` on. False: then more than `bytesMax` would be kept.
    mutating func append(
        _ message: Span<UInt8>, from offset: Int, nowNanos: UInt64, bytesMax: Int
    ) -> Bool {
        let rest = message.extracting(offset..<message.count)
        guard bytes + rest.count <= bytesMax else { return false }
        waiting.append(Waiting(bytes: [UInt8](copying: rest), offset: 0, arrivedNanos: nowNanos))
        bytes += rest.count
        return true
    }

    mutating func advanceFirst(to offset: Int) { waiting[firstIndex].offset = offset }

    mutating func removeFirst() {
        bytes -= waiting[firstIndex].bytes.count
        firstIndex += 1
        guard isEmpty else { return }
        waiting.removeAll(keepingCapacity: true)
        firstIndex = 0
    }
}
