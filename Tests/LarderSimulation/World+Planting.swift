import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService

// Faults, committed in the server's name.
extension World {
    /// Commits, now and then, what is committed while the world runs.
    func commitFault() throws {
        guard fault != nil, generator.oneIn(20) else { return }
        switch fault {
        case .staleRead: putBack(ageing: 2, isTorn: false)
        case .tornValue: putBack(ageing: 1, isTorn: true)
        case .leakedStream: try leakStream()
        case .leakedReference: holdOn()
        case .lostUpdate, .lostCondition, .lateExpiry, .wrongLoad, .lostAnswer, .leakedMemory, nil:
            break  // Committed where requests are made, heard or forgotten.
        }
    }

    /// Writes to a key what it held `ageing` writes ago, behind the services' back.
    private func putBack(ageing: Int, isTorn: Bool) {
        let written = calls.compactMap { call -> (SetRequest, UInt64)? in
            guard case .set(let request) = call.request, call.status?.isOK == true,
                let answer: SetResponse = try? Outcome(call).answer(), answer.outcome == .stored
            else { return nil }
            return (request, answer.version)
        }
        guard let last = written.last?.0.key else { return }
        let ofKey = written.filter { $0.0.key == last && $0.0.mode == .replace }
        guard ofKey.count >= ageing else { return }
        let (request, version) = ofKey[ofKey.count - ageing]
        var value = request.value
        if isTorn {
            guard value.count > 1 else { return }
            for index in (value.count / 2)..<value.count { value[index] ^= 0xFF }
        }
        let options = WriteOptions(flags: request.flags, version: version, admission: .force)
        _ = services.cache.set(last.span, value.span, options, nowNanos: nowNanos)
    }

    private func leakStream() throws {
        guard let link = links.last, !link.isClosed else { return }
        // Its client never ends it, and nobody looks after it.
        link.client.beginAndForget(SimulatedCall(number: 0, "Get", .limits, messages: []))
        try link.client.flush()
    }

    private func holdOn() {
        for link in links {
            if let lender = link.server.output.lenders.compactMap(\.lender).last {
                heldByFault.append(lender)
            }
        }
    }

    /// Clients do not hear what they are told.
    func loseAnswers() {
        guard fault == .lostAnswer else { return }
        for call in calls where call.status != nil && generator.oneIn(20) {
            call.heard.statusCount = 0
        }
    }
}
