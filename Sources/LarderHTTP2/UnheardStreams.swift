/// Which streams of a server's session the library has not heard of.
///
/// A request whose header list is known and whose body is one DATA frame of the same read goes past
/// the library. Mostly it is answered past it as well, and then nobody needs to tell. Streams for
/// which that does not hold are told of in their order, before the library gets anything else or has
/// to send something for them. A stream of which it never heard is over on both sides.
///
/// A request behind a fault that the library alone sees is served if it came in the same read.
struct UnheardStreams: ~Copyable {
    /// The newest stream that the library has heard of, or will before it hears of anything else.
    private var heardID: Int32 = 0
    /// The newest stream that went past it.
    private(set) var passedID: Int32 = 0
    /// How many went past it.
    private(set) var passedCount: UInt64 = 0
    /// GOAWAY was sent that names a last stream: no more are begun.
    var isOver = false
    /// Body bytes whose window the peer has to be given back. The library knows nothing of them.
    var owedWindowBytes = 0

    /// Streams that were neither answered nor told of when they were put here, in their order.
    private var waiting: [StreamRef] = []
    /// The first of them that may be so still.
    private var first = 0
    /// The first of them whose body has not come: bodies come in the order of their headers, mostly.
    private var firstWithoutBody = 0
    /// Those of them that are so still.
    private var count = 0

    /// A client's streams have odd numbers that only grow.
    func canBegin(_ id: Int32) -> Bool { !isOver && id > heardID && id > passedID && id & 1 == 1 }

    /// Whether the library would take the stream for one that has not begun, and it has.
    @inline(__always)
    func isMissed(_ id: Int32) -> Bool { id <= passedID && id > heardID }

    /// The library gets the beginning of a stream.
    @inline(__always)
    mutating func heard(_ id: Int32) { heardID = max(heardID, id) }

    mutating func passed(_ stream: StreamRef) {
        if count == 0 {
            waiting.removeAll(keepingCapacity: true)
            first = 0
            firstWithoutBody = 0
        }
        passedID = stream.id
        passedCount &+= 1
        waiting.append(stream)
        count += 1
    }

    /// One of them is answered, or told of.
    mutating func settled() { count -= 1 }

    /// The stream of a body that has come.
    ///
    /// - Complexity: O(1) for bodies in the order of their headers, O(log n) for others.
    mutating func find(_ id: Int32) -> StreamRef? {
        if firstWithoutBody < waiting.count, waiting[firstWithoutBody].id == id {
            firstWithoutBody += 1
            return waiting[firstWithoutBody - 1]
        }
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < waiting.count && waiting[low].id == id ? waiting[low] : nil
    }

    /// The next stream up to `id` that may have to be told of.
    mutating func next(upTo id: Int32) -> StreamRef? {
        guard count > 0, first < waiting.count, waiting[first].id <= id else { return nil }
        first += 1
        return waiting[first - 1]
    }

    mutating func letGo() {
        if count == 0 { waiting = [] }
    }
}
