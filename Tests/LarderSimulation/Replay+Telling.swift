import LarderGRPC
import LarderProtocol

// The journal in words, for who wants to know how a world went wrong.
extension Replay {
    func tell(_ line: Journal.Line) {
        let millis = (line.nowNanos - World.startNanos) / nanosPerMilli
        switch line.event {
        case .asked(let call): print("\(millis) ms: call \(call.number) \(words(call))")
        case .loaded(let call, let message):
            print("\(millis) ms: call \(call.number) message \(message) of \(words(call))")
        case .over(let call): print("\(millis) ms: call \(call.number) over")
        }
    }

    private func words(_ call: SimulatedCall) -> String {
        let ending = call.status.map { "\($0.code)" } ?? "no answer"
        switch call.request {
        case .get(let request):
            let answer: GetResponse? = try? Outcome(call).answer()
            return
                "Get \(text(request.key)) touch \(request.touchTTLMillis.map { "\($0)" } ?? "no")"
                + " age \(request.maxAgeMillis): \(ending) \(answer.map(told) ?? "")"
        case .set(let request):
            let answer: SetResponse? = try? Outcome(call).answer()
            return "Set \(text(request.key)) [\(text(request.value))] if \(request.condition) "
                + "mode \(request.mode.rawValue) ttl \(request.ttlMillis.map { "\($0)" } ?? "no") "
                + "keeps \(request.keepTTL): \(ending) outcome \(answer?.outcome.rawValue ?? 0) "
                + "version \(answer?.version ?? 0)"
        case .delete(let request):
            let answer: DeleteResponse? = try? Outcome(call).answer()
            return "Delete \(text(request.key)) if \(request.ifVersion): \(ending) outcome "
                + "\(answer?.outcome.rawValue ?? 0)"
        case .batchGet(let request):
            let answer: BatchGetResponse? = try? Outcome(call).answer()
            let found = zip(request.keys, answer?.responses ?? []).map {
                "\(text($0)) \($1.head.outcome.rawValue) \($1.head.version)"
            }
            return "BatchGet \(ending): \(found.joined(separator: ", "))"
        case .load(let part):
            let keys = part.session.entries.map { text($0.key) }
            return "BulkLoad \(part.batches) of \(keys): \(ending)"
        case .pipeline, .export, .limits, .health, .watch, .wrong: return "\(call.path): \(ending)"
        }
    }
}
