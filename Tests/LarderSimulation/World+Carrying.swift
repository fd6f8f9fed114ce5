import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderService

// Bytes, time and drains.
extension World {
    /// The server takes some of what a client has sent.
    func carryToServer(_ link: Link, bytesMax: Int? = nil) throws {
        guard !link.client.outgoing.isEmpty, !link.server.isReadingPaused else { return }
        let limit = bytesMax ?? 1 + generator.below(plan.readBytesMax)
        let piece = Array(link.client.outgoing.prefix(limit))
        link.client.outgoing.removeFirst(piece.count)
        var sights: [FrameWatch.Sight] = []
        link.server.watch(piece[...]) { sights.append($0) }
        note(sights, of: link)
        link.server.receive(piece, nowNanos: serverNanos, scratch: &scratch)
        try flushServer(link)
    }

    /// Notes what the server is asked by the bytes of one read, in the order in which it hears it:
    /// the end of a body is heard with the last bytes of that body in the same read.
    private func note(_ sights: [FrameWatch.Sight], of link: Link) {
        var ended: Set<Int> = []
        var lastBody: [Int32: Int] = [:]
        for (index, sight) in sights.enumerated() {
            switch sight {
            case .body(let stream, let bytes): if bytes > 0 { lastBody[stream] = index }
            case .ended(let stream): ended.insert(lastBody[stream] ?? index)
            }
        }
        for (index, sight) in sights.enumerated() {
            switch sight {
            case .body(let stream, let bytes):
                guard let call = link.client.call(id: stream) else { continue }
                noteMessages(of: call, bytes: bytes)
                if ended.contains(index) { journal.write(.asked(call), nowNanos: nowNanos) }
            case .ended(let stream):
                guard ended.contains(index), let call = link.client.call(id: stream) else {
                    continue
                }
                journal.write(.asked(call), nowNanos: nowNanos)
            }
        }
    }

    private func noteMessages(of call: SimulatedCall, bytes: Int) {
        guard call.takesManyMessages else { return }
        call.arrivedBytes += bytes
        while call.arrivedMessages < call.messageEnds.count,
            call.messageEnds[call.arrivedMessages] <= call.arrivedBytes
        {
            journal.write(.loaded(call, message: call.arrivedMessages), nowNanos: nowNanos)
            call.arrivedMessages += 1
        }
    }

    func flushServer(_ link: Link) throws {
        do {
            try link.server.flush(nowNanos: serverNanos, scratch: &scratch) { output in
                write(&output, link)
            }
        } catch {
            throw Violation("the server's session failed while it spoke: \(error)")
        }
    }

    private func write(_ output: inout ServerOutput, _ link: Link) {
        guard !link.isSocketStuck else { return }
        let limit = plan.stallsSockets ? 1 + generator.below(plan.writeBytesMax) : Int.max
        link.client.incoming += output.take(upTo: limit)
    }

    /// The socket takes some more of what waits for it.
    func pushSocket(_ link: Link) throws {
        link.server.write { output in write(&output, link) }
        try flushServer(link)
    }

    /// A client takes some of what the server has written.
    func carryToClient(_ link: Link, bytesMax: Int? = nil) throws {
        guard !link.client.incoming.isEmpty else { return try pushSocket(link) }
        let limit = bytesMax ?? 1 + generator.below(plan.readBytesMax)
        try link.client.receive(bytes: limit)
        for call in link.client.calls where call.heard.isClosed { noteOver(call) }
    }

    /// An export is over when its client says so.
    func noteOver(_ call: SimulatedCall) {
        guard overCalls.insert(call.number).inserted else { return }
        if case .export = call.request { journal.write(.over(call), nowNanos: nowNanos) }
        if case .load(let part) = call.request,
            let committed = try? call.decoded(as: BulkLoadResponse.self).last?.committed
        {
            part.session.acknowledged = max(part.session.acknowledged, Int(committed))
        }
    }

    // MARK: Time

    func passTime() throws {
        switch generator.below(40) {
        case 0 where plan.jumpsClock: nowNanos += Self.second * 40
        case 1 where plan.jumpsClock: nowNanos += Self.second * 86_400 * 400
        case 2..<6: nowNanos += Self.second * UInt64(generator.below(3))
        default: nowNanos += UInt64(generator.below(30_000_000))
        }
        try runTimers()
    }

    func runTimers() throws {
        let mayLook = nowNanos - lookedAtNanos >= Self.second
        if mayLook { lookedAtNanos = nowNanos }
        for link in links where !link.isClosed {
            link.server.passTime(nowNanos: serverNanos)
            if mayLook, link.server.look(nowNanos: serverNanos, times: times) != nil {
                link.isDisturbed = true
                lose(link)
                continue
            }
            try flushServer(link)
        }
    }

    // MARK: Draining

    func drain() throws {
        let isFirst = !isDraining
        isDraining = true
        services.health.phase = .shuttingDown
        for link in links where !link.isClosed {
            link.isDisturbed = true
            if isFirst {
                link.server.beginDrain(nowNanos: serverNanos, scratch: &scratch)
            } else if generator.oneIn(2) {
                link.server.goAway()
            } else {
                link.server.endDrain()
            }
            try flushServer(link)
        }
    }
}
