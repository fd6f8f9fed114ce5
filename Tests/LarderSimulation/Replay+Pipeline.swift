import LarderGRPC
import LarderProtocol

extension Replay {
    /// The operations of one message, done as it came.
    mutating func checkPipeline(_ call: SimulatedCall, message: Int, nowNanos: UInt64) throws {
        guard case .pipeline(let batches) = call.request else { return }
        var results: [UInt64: OperationResult] = [:]
        for result in try Self.results(call) { results[result.id] = result }
        for operation in batches[message] {
            let outcome = Outcome(operation, of: call, result: results[operation.id])
            switch operation.kind {
            case .get(let request): try checkGet(outcome, request, nowNanos: nowNanos)
            case .set(let request): try checkSet(outcome, request, nowNanos: nowNanos)
            case .delete(let request): try checkDelete(outcome, request, nowNanos: nowNanos)
            case .touch, .increment, .none: break
            }
        }
    }

    private static func results(_ call: SimulatedCall) throws -> [OperationResult] {
        try call.decoded(as: PipelineResponse.self).flatMap(\.results)
    }

    /// Checks that a pipeline that ended well has answered each operation once, in their order.
    static func checkPipelineEnd(_ call: SimulatedCall) throws {
        guard case .pipeline(let batches) = call.request, call.status?.isOK == true else { return }
        let operations = batches.joined()
        let isQuiet = Set(operations.filter(\.quiet).map(\.id))
        let answered = try results(call).map(\.id)
        guard answered == answered.sorted(), Set(answered).count == answered.count,
            answered.filter({ !isQuiet.contains($0) })
                == operations.map(\.id).filter({ !isQuiet.contains($0) })
        else { throw Violation("call \(call.number), Pipeline: answers to \(answered)") }
    }
}
