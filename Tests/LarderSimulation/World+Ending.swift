import LarderCache
import LarderGRPC
import LarderProtocol
import LarderServer
import LarderService

// What must hold when nothing goes wrong any more.
extension World {
    private static let settleRoundsMax = 20_000
    private static let chunkBytes = 50_000
    /// REFUSED_STREAM (RFC 9113, 7).
    private static let refusedStream: UInt32 = 7

    /// Every client sends the rest of what it has to say, everybody reads, until all is silent.
    func settle() throws {
        for link in links where !link.isClosed {
            link.isSocketStuck = false
            link.client.isConsuming = true
            for call in link.client.openCalls {
                link.client.send(call, bytes: .max)
                link.client.end(call)
            }
            try link.client.flush()
        }
        var rounds = 0
        while try moveAll() {
            rounds += 1
            if rounds > Self.settleRoundsMax { throw Violation("it never comes to rest") }
        }
        // Watches go on until somebody ends them.
        for link in links where !link.isClosed {
            for call in link.client.openCalls {
                if case .watch = call.request { link.client.cancel(call) }
            }
            try link.client.flush()
        }
        while try moveAll() {}
    }

    /// Whether anything moved.
    private func moveAll() throws -> Bool {
        var moved = false
        for link in links where !link.isClosed {
            link.server.passTime(nowNanos: serverNanos)
            try flushServer(link)
            if !link.client.outgoing.isEmpty, !link.server.isReadingPaused {
                moved = true
                try carryToServer(link, bytesMax: Self.chunkBytes)
            }
            if !link.server.output.isEmpty {
                moved = true
                try pushSocket(link)
            }
            if !link.client.incoming.isEmpty {
                moved = true
                try carryToClient(link, bytesMax: Self.chunkBytes)
            }
            if link.server.isFinished { hangUp(link) }
        }
        return moved
    }

    // MARK: Judging

    /// Looks at all answers.
    func judge() throws {
        loseAnswers()
        for link in links {
            for call in link.client.calls { try judge(call, link) }
        }
        for call in calls { noteOver(call) }
        var replay = Replay(
            model: Model(mayEvict: !plan.isRoomy), journal: journal,
            sessionNanos: plan.limits.bulkSessionNanos)
        replay.isTelling = isTelling
        try replay.run()
        for call in calls {
            try Replay.checkLoadEnd(call, mayEvict: !plan.isRoomy)
            try Replay.checkPipelineEnd(call)
        }
    }

    private func judge(_ call: SimulatedCall, _ link: Link) throws {
        let what = "call \(call.number) \(call.path)"
        guard let status = call.status else {
            // Who does not know the limit of streams yet may be over it.
            let isRefused = call.heard.resetCode == Self.refusedStream
            guard call.isCancelled || link.isDisturbed || isRefused else {
                throw Violation(
                    "\(what): no answer, closed \(call.heard.isClosed), reset "
                        + "\(call.heard.resetCode.map { "\($0)" } ?? "no")")
            }
            return
        }
        guard isAllowed(status, call, link) else { throw Violation("\(what): \(status)") }
    }

    private func isAllowed(_ status: Status, _ call: SimulatedCall, _ link: Link) -> Bool {
        let isDoubtful = link.isDisturbed || call.isCancelled
        switch status.code {
        case .deadlineExceeded:
            // A request that stands still has an end, too; clocks that jump bring it about.
            return call.timeoutNanos != nil || nowNanos - Self.startNanos > times.requestNanos
        case .unavailable: return isDraining
        case .resourceExhausted:
            if call.reason == "UPLOADS_FULL" || call.reason == "ANSWERS_UNREAD" { return true }
        case .aborted:
            if case .load = call.request { return call.reason == "SESSION_SUPERSEDED" }
        case .ok, .cancelled, .unknown, .invalidArgument, .notFound, .alreadyExists,
            .permissionDenied, .failedPrecondition, .outOfRange, .unimplemented, .internal,
            .dataLoss, .unauthenticated:
            break
        }
        switch call.request {
        case .wrong(let codes): return codes.contains(status.code)
        case .set:
            // The budget may have become too small for it.
            let isTooLarge = call.reason == "VALUE_TOO_LARGE"
            return status.isOK || !plan.isRoomy && isTooLarge
        case .load:
            // A load whose beginning was forgotten cannot go on in its middle.
            return status.isOK || call.reason == "INDEX_GAP"
        case .get, .delete, .batchGet, .pipeline, .export, .limits, .health: return status.isOK
        case .watch: return status.isOK || isDoubtful
        }
    }

    // MARK: Nothing is left

    func close() throws {
        for link in links where !link.isClosed && !link.isDisturbed {
            let left = link.server.leftovers
            guard left.isEmpty else { throw Violation("left behind: \(left)") }
        }
        for link in links { lose(link) }
        links = []
        scratch.reply.clear()
        let peers = services.peerMemory
        guard peers.uploadBytes == 0, peers.unreadBytes == 0, peers.pinned.bytes == 0 else {
            throw Violation(
                "peers still take \(peers.uploadBytes) bytes of uploads, \(peers.unreadBytes) of "
                    + "unread and \(peers.pinned.bytes) of pinned answers")
        }
        if lenders.contains(where: { $0.lender != nil }) {
            throw Violation("a value that was sent is still held")
        }
        services.cache.checkInvariants()
        services.cache.flush()
        let live = services.cache.arenaUsage.liveBytes
        guard live == 0 else {
            throw Violation("\(live) bytes of entries live on in an empty cache")
        }
    }
}
