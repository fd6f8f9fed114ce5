import LarderGRPC
import LarderHTTP2
import LarderIO
import LarderProtocol
import Synchronization

/// One connection of the fake server. Methods:
///
/// - `Echo`: the request's message, once the client has ended its side.
/// - `Chat`: every message at once; OK when the client has ended its side.
/// - `Count`: the message's first byte is a count; so many messages of 100,000 bytes.
/// - `Twice`: the message twice. `Nothing`: OK without a message. `Cut`: half a message, then OK.
/// - `Refuse`: INVALID_ARGUMENT at once. `Flaky`: UNAVAILABLE at the server's first call, then Echo.
/// - `Silent`: no answer, and no window given back. `Drop`: closes the connection.
/// - `Get`: the first call closes the connection, later ones are hits whose value is the key.
/// - `BulkLoad`: acknowledges the start as if 3 entries were there, and everything at the end.
final class FakeConnection: ByteStreamDelegate {
    private struct Call {
        let reference: StreamRef
        let method: String
        var held: [UInt8] = []
    }

    private let stream: ByteStream
    private let notes: FakeNotes
    private var session = ServerSession(options: SessionOptions())
    private var calls: [StreamRef: Call] = [:]
    private static let ok = HeaderBlock(ResponseFields.ok())
    private static let okTrailers = HeaderBlock(Status.ok.trailerFields)

    init(loop: EventLoop, stream: ByteStream, notes: FakeNotes) {
        self.stream = stream
        self.notes = notes
    }

    func start() {
        stream.delegate = self
        stream.start()
        flush()
    }

    func received(_ bytes: Span<UInt8>) {
        guard (try? session.receive(bytes)) != nil else { return stream.close() }
        takeEvents(bytes)
        flush()
    }

    func drained() { flush() }

    func closed(_ error: IOError?) {}

    private func flush() {
        while !stream.isClosed, !stream.isWriting {
            try? session.drain { [self] bytes, owner in
                if let owner {
                    _ = stream.output.append(referencing: bytes, owner: owner)
                } else {
                    _ = stream.output.append(copying: bytes)
                }
                return stream.output.hasRoom
            }
            if stream.output.isEmpty { break }
            stream.flush()
        }
        takeEvents(Span())
    }

    private func takeEvents(_ bytes: Span<UInt8>) {
        while let event = session.nextEvent() {
            switch event {
            case .headers(let reference, let range, let endOfStream):
                opened(reference, range)
                if endOfStream { ended(reference) }
            case .data(let reference, let range, let flowBytes, let endOfStream):
                data(bytes.extracting(range), reference, flowBytes)
                if endOfStream { ended(reference) }
            case .endOfStream(let reference), .trailers(let reference, _): ended(reference)
            case .reset: notes.resetCount.withLock { $0 += 1 }
            case .closed(let reference, _): calls[reference] = nil
            case .headersTooLarge, .bodyLow, .goAway, .settingsReceived, .settingsAcknowledged,
                .pingAcknowledged:
                continue
            }
        }
    }

    private func opened(_ reference: StreamRef, _ range: HeaderRange) {
        var path = ""
        for index in 0..<range.count {
            let value = text(session.fields(range).value(index))
            switch text(session.fields(range).name(index)) {
            case ":path": path = value
            case ":authority": notes.authorities.withLock { $0.append(value) }
            default: break
            }
        }
        let method = path.split(separator: "/").last.map(String.init) ?? ""
        calls[reference] = Call(reference: reference, method: method)
        let callIndex = notes.callCount.withLock { count in
            defer { count += 1 }
            return count
        }
        switch method {
        case "Refuse": end(reference, Status(.invalidArgument, "no: 100 %"))
        case "Flaky" where callIndex == 0: end(reference, Status(.unavailable, "later"))
        case "Drop": stream.close()
        case "Get" where callIndex == 0: stream.close()
        case "Chat", "BulkLoad": session.startResponse(reference, headers: Self.ok)
        default: break
        }
    }

    private func end(_ reference: StreamRef, _ status: Status) {
        session.respondHeadersOnly(reference, headers: HeaderBlock(status.trailersOnlyFields()))
    }

    private func data(_ bytes: Span<UInt8>, _ reference: StreamRef, _ flowBytes: Int) {
        guard var call = calls[reference] else { return }
        notes.receivedBytes.withLock { $0 += bytes.count }
        if call.method == "Silent" { return }
        session.consume(reference, flowBytes)
        for index in bytes.indices { call.held.append(bytes[index]) }
        if call.method == "Chat" || call.method == "BulkLoad" {
            while let message = takeMessage(&call.held) { streamed(message, call) }
        }
        calls[reference] = call
    }

    private func streamed(_ message: [UInt8], _ call: Call) {
        if call.method == "Chat" { return send(message, call.reference) }
        notes.receivedMessages.withLock { $0.append(message) }
        guard let request = try? BulkLoadRequest(decoding: message.span) else { return }
        if case .start = request.part {
            var answer = BulkLoadResponse()
            answer.committed = 3
            send(answer.encoded(), call.reference)
        }
    }

    private func ended(_ reference: StreamRef) {
        guard var call = calls[reference] else { return }
        let message = takeMessage(&call.held) ?? []
        switch call.method {
        case "Echo", "Flaky": answer(reference, [message])
        case "Get":
            let request = try? GetRequest(decoding: message.span)
            let head = GetResponseHead(outcome: .hit, version: 7)
            answer(
                reference, [GetResponse(head: head, value: request?.key ?? []).encoded()])
        case "Twice": answer(reference, [message, message])
        case "Nothing": answer(reference, [])
        case "Cut":
            session.startResponse(reference, headers: Self.ok)
            session.send(reference, [0, 0, 0, 0, 9, 1, 2].span)
            session.finish(reference, trailers: Self.okTrailers)
        case "Count":
            let body = [UInt8](repeating: 42, count: 100_000)
            answer(reference, Array(repeating: body, count: Int(message.first ?? 0)))
        case "Chat": session.finish(reference, trailers: Self.okTrailers)
        case "BulkLoad":
            var last = BulkLoadResponse()
            last.committed = 10
            last.done = true
            send(last.encoded(), reference)
            session.finish(reference, trailers: Self.okTrailers)
        default: break
        }
    }

    private func answer(_ reference: StreamRef, _ messages: [[UInt8]]) {
        session.startResponse(reference, headers: Self.ok)
        for message in messages { send(message, reference) }
        session.finish(reference, trailers: Self.okTrailers)
    }

    private func send(_ message: [UInt8], _ reference: StreamRef) {
        let prefix = MessagePrefix.encode(messageBytes: UInt32(message.count))
        session.send(reference, prefix.span)
        session.send(reference, message.span)
    }

    private func takeMessage(_ held: inout [UInt8]) -> [UInt8]? {
        guard held.count >= 5 else { return nil }
        let length = held[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard held.count >= 5 + length else { return nil }
        defer { held.removeSubrange(0..<(5 + length)) }
        return Array(held[5..<(5 + length)])
    }

    private func text(_ bytes: Span<UInt8>) -> String {
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        return String(decoding: copy, as: UTF8.self)
    }
}
