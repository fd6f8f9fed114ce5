import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService

/// Methods that read many 100-byte values with a message, and one that reads one: from the bytes
/// of a request to those of its answer.
enum MethodBench {
    private static let operations = 200_000
    private static let value = [UInt8](repeating: 7, count: 100)

    static func run(_ measure: Measure, entries: Int) {
        for count in [1_000, 10_000, 100_000, entries] {
            let names = ["Get", "BatchGet of 100", "Pipeline of 10", "Pipeline of 100"].map {
                "method: \($0), \(count) keys"
            }
            guard names.contains(where: measure.isWanted) else { continue }
            let services = services(entries: count)
            measure(names[0], operations: operations) { get(services, count, $0) }
            measure(names[1], operations: operations) { batchGet(services, count, $0) }
            measure(names[2], operations: operations) { pipeline(services, 10, count, $0) }
            measure(names[3], operations: operations) { pipeline(services, 100, count, $0) }
        }
    }

    private static func services(entries: Int) -> Services {
        let cache = Cache(
            Cache.Configuration(budgetBytes: 4 << 30, seed: HashSeed(1, 2, 3, 4)))
        var keys = Keys(seed: 0)
        for number in 0..<entries {
            keys.turn(to: number)
            _ = cache.set(keys.bytes.span, value.span, nowNanos: 1)
        }
        return Services(
            cache: cache, limits: Limits(), nodeID: "bench", serverVersion: "0",
            health: HealthState(), startID: 1)
    }

    private static func get(_ services: Services, _ count: Int, _ round: Int) {
        guard let method = services.method(path: Array("/larder.v1.CacheService/Get".utf8).span)
        else { preconditionFailure("Get is served") }
        var writer = WireWriter()
        GetRequest(key: Keys(seed: 0).bytes).encode(into: &writer)
        var request = Request(writer.array, keys: 1)
        var asked = Keys(seed: round)
        var reply = Reply()
        for _ in 0..<operations {
            request.turn(to: &asked, of: count)
            reply.clear()
            services.unary(method, request: request.bytes.span, nowNanos: 2, reply: &reply)
        }
        keep(reply.totalBytes)
    }

    private static func batchGet(_ services: Services, _ count: Int, _ round: Int) {
        let path = Array("/larder.v1.CacheService/BatchGet".utf8)
        guard let method = services.method(path: path.span) else {
            preconditionFailure("BatchGet is served")
        }
        var writer = WireWriter()
        let keys = [[UInt8]](repeating: Keys(seed: 0).bytes, count: 100)
        BatchGetRequest(keys: keys).encode(into: &writer)
        var request = Request(writer.array, keys: keys.count)
        var asked = Keys(seed: round)
        var reply = Reply()
        for _ in 0..<operations / keys.count {
            request.turn(to: &asked, of: count)
            reply.clear()
            services.unary(method, request: request.bytes.span, nowNanos: 2, reply: &reply)
        }
        keep(reply.totalBytes)
    }

    private static func pipeline(
        _ services: Services, _ perMessage: Int, _ count: Int, _ round: Int
    ) {
        let path = Array("/larder.v1.CacheService/Pipeline".utf8)
        guard let method = services.method(path: path.span) else {
            preconditionFailure("Pipeline is served")
        }
        let call = services.open(method, nowNanos: 2)
        var writer = WireWriter()
        // One-byte ids, so that all operations are of one length.
        let operations = (1...perMessage).map { id in
            Operation(id: UInt64(id), .get(GetRequest(key: Keys(seed: 0).bytes)))
        }
        PipelineRequest(operations).encode(into: &writer)
        var request = Request(writer.array, keys: perMessage)
        var asked = Keys(seed: round)
        var reply = Reply()
        for _ in 0..<Self.operations / perMessage {
            request.turn(to: &asked, of: count)
            reply.clear()
            call.received(request.bytes.span, nowNanos: 2, sentAll: true, reply: &reply)
        }
        keep(reply.totalBytes)
    }
}

/// A message of parts of one length, each of which ends with a key.
private struct Request {
    private(set) var bytes: [UInt8]
    private let partBytes: Int

    init(_ bytes: [UInt8], keys count: Int) {
        precondition(bytes.count % count == 0, "parts are of one length")
        self.bytes = bytes
        partBytes = bytes.count / count
    }

    /// Puts any of the first `count` keys into each part.
    @inline(__always)
    mutating func turn(to keys: inout Keys, of count: Int) {
        var start = partBytes - Keys.bytes
        let (end, step) = (bytes.count, partBytes)
        var message = bytes.mutableSpan
        while start < end {
            keys.turnToAny(of: count)
            keys.copy(to: &message, at: start)
            start += step
        }
    }
}
