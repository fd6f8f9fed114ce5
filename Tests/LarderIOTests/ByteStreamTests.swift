import LarderIO
import Testing

@Suite("ByteStream")
struct ByteStreamTests {
    static let payloadBytes = 10 << 20

    /// Sends everything by reference, 64 KiB at a time, as fast as the queue has room.
    final class Sender {
        let blob: Blob
        private(set) var sent = 0
        init(_ blob: Blob) { self.blob = blob }

        var isDone: Bool { sent == blob.storage.count }

        func pump(_ stream: ByteStream) {
            let blob = blob
            while !stream.isWriting, !isDone {
                while !isDone, stream.output.hasRoom {
                    let end = min(sent + 65_536, blob.storage.count)
                    let piece = blob.bytes.extracting(sent..<end)
                    expectTaken(stream.output.append(referencing: piece, owner: blob))
                    sent = end
                }
                stream.flush()
            }
        }
    }

    /// Sends back what comes in, and reads no more while that has to wait.
    static func echo(_ stream: ByteStream, pending: @escaping () -> Void = {}) {
        let ear = Ear(stream, start: false)
        ear.onReceived = { ear, bytes in
            expectTaken(ear.stream.output.append(copying: bytes))
            ear.stream.flush()
            guard ear.stream.isWriting else { return }
            #expect(ear.stream.writingBytes > 0)
            pending()
            ear.stream.pauseReading()
        }
        ear.onDrained = { ear in
            #expect(!ear.stream.isWriting)
            ear.stream.resumeReading()
        }
        stream.start()
    }

    /// Sends ten MiB to an echo and reads them slowly, over the ends of what `connect` connects.
    static func roundTrip(
        _ connect: (
            EventLoop, _ ready: @escaping (_ server: ByteStream, _ client: ByteStream) -> Void
        ) throws -> Void
    ) throws {
        let sender = Sender(Blob(count: payloadBytes, seed: 7))
        var returned: [UInt8] = []
        var pendingCount = 0
        try withLoop { loop in
            try connect(loop) { server, client in
                echo(server) { pendingCount += 1 }
                let ear = Ear(client, start: false)
                ear.onReceived = { ear, bytes in
                    ear.append(bytes)
                    // A slow reader: one chunk, then a pause.
                    ear.stream.pauseReading()
                    loop.timer(afterMillis: 1) { ear.stream.resumeReading() }
                    guard ear.bytes.count >= sender.blob.storage.count else { return }
                    returned = ear.bytes
                    ear.stream.close()
                }
                ear.onDrained = { sender.pump($0.stream) }
                ear.onClosed = { _ in loop.stop() }
                client.start()
                sender.pump(client)
                #expect(client.isWriting, "ten MiB do not fit the socket at once")
            }
        }
        #expect(returned == sender.blob.storage)
        #expect(pendingCount > 0)
    }

    @Test("ten MiB come back whole from a slow reader, over TCP")
    func overTCP() throws { try Self.roundTrip { try connectPair($0, $1) } }

    @Test("ten MiB come back whole from a slow reader, over a Unix socket")
    func overUnix() throws {
        let address = SocketAddress.unix(path: socketPath("echo"))
        try Self.roundTrip { try connectPair($0, at: address, $1) }
    }

    @Test("IPv6 carries bytes too, where there is IPv6")
    func overIPv6() throws {
        let address = SocketAddress.ip(host: "::1", port: 0)
        guard address.isOurs else { return }
        try withLoop { loop in
            try connectPair(loop, at: address) { server, client in
                #expect(client.peerDescription.hasPrefix("[::1]:"))
                #expect(client.localAddress == server.peerAddress)
                Self.echo(server)
                let ear = Ear(client)
                ear.onReceived = { ear, bytes in
                    ear.append(bytes)
                    #expect(ear.bytes == [1, 2, 3])
                    loop.stop()
                }
                ear.send([1, 2, 3])
            }
        }
    }

    @Test("copies and references arrive in the order of their appends")
    func order() throws {
        let blob = Blob(count: 400_000, seed: 3)
        var expected: [UInt8] = []
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let ear = Ear(server)
                var offset = 0
                var step = 0
                // Below, at and above the size where a reference begins, and over the arena's rest.
                for count in [1, 8191, 8192, 8192, 5000, 8193, 200_000, 60_000, 30_000] {
                    let piece = blob.bytes.extracting(offset..<(offset + count))
                    step += 1
                    let isTaken =
                        step.isMultiple(of: 2)
                        ? client.output.append(referencing: piece, owner: blob)
                        : client.output.append(copying: piece)
                    #expect(isTaken)
                    expected += blob.storage[offset..<(offset + count)]
                    offset += count
                }
                let pendingBytes = client.output.pendingBytes
                #expect(pendingBytes == expected.count)
                Ear(client)
                client.flush()
                let isEmpty = client.output.isEmpty
                #expect(isEmpty)
                ear.onReceived = { ear, bytes in
                    ear.append(bytes)
                    guard ear.bytes.count >= expected.count else { return }
                    #expect(ear.bytes == expected)
                    loop.stop()
                }
            }
        }
    }

    @Test("memory given by reference is let go of when it is written, not before")
    func references() throws {
        weak var small: Blob?
        weak var big: Blob?
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let reader = Ear(server, start: false)
                let writer = Ear(client)
                do {
                    let first = Blob(count: OutputQueue.referenceBytesMin, seed: 1)
                    let second = Blob(count: 32 << 20, seed: 2)
                    small = first
                    big = second
                    expectTaken(client.output.append(referencing: first.bytes, owner: first))
                    expectTaken(client.output.append(referencing: second.bytes, owner: second))
                }
                #expect(small != nil)
                client.flush()
                #expect(client.isWriting)
                #expect(small == nil, "its segment was written at once")
                #expect(big != nil, "its segment waits")
                writer.onDrained = { _ in
                    #expect(big == nil)
                    loop.stop()
                }
                reader.onReceived = { _, _ in }
                server.start()
            }
        }
    }

    @Test("a close during a write lets go of everything and reports once, later")
    func closeDuringWrite() throws {
        weak var held: Blob?
        weak var queued: Blob?
        var ear: Ear?
        try withLoop { loop in
            try connectPair(loop) { server, client in
                Ear(server, start: false)
                let writer = Ear(client)
                ear = writer
                do {
                    let blob = Blob(count: 32 << 20, seed: 2)
                    let next = Blob(count: 5000, seed: 2)
                    held = blob
                    queued = next
                    expectTaken(client.output.append(referencing: blob.bytes, owner: blob))
                    client.flush()
                    expectTaken(client.output.append(referencing: next.bytes, owner: next))
                    client.flush()
                    let pendingBytes = client.output.pendingBytes
                    #expect(pendingBytes == 5000, "the flush waits for the first")
                }
                writer.onDrained = { _ in Issue.record("nothing was drained") }
                writer.onClosed = { _ in loop.stop() }
                writer.isInside = true
                client.close()
                client.close()
                client.flush()
                client.closeAfterFlush()
                writer.isInside = false
                #expect(client.isClosed)
                #expect(queued == nil)
                #expect(writer.closedCount == 0)
            }
        }
        #expect(ear?.closedCount == 1)
        #expect(ear?.error == nil)
        #expect(held == nil)
    }

    @Test("appends are refused when the queue is full, never after hasRoom")
    func bounds() throws {
        let blob = Blob(count: 16_393, seed: 4)
        try withLoop { loop in
            try connectPair(loop) { server, client in
                Ear(server, start: false)
                Ear(client)
                for useReference in [false, true] {
                    while client.output.hasRoom {
                        let isTaken =
                            useReference
                            ? client.output.append(referencing: blob.bytes, owner: blob)
                            : client.output.append(copying: blob.bytes)
                        #expect(isTaken)
                    }
                }
                while client.output.append(referencing: blob.bytes, owner: blob) {}
                let pending = client.output.pendingBytes
                #expect(pending >= OutputQueue.pendingBytesMax)
                #expect(pending < OutputQueue.pendingBytesMax + blob.storage.count)
                expectTaken(client.output.append(copying: blob.bytes) == false)
                let afterwards = client.output.pendingBytes
                #expect(afterwards == pending)

                client.flush()
                while client.output.append(copying: [1].span),
                    client.output.append(referencing: blob.bytes, owner: blob)
                {}
                loop.stop()
            }
        }
    }

    @Test("a frame in the smallest pieces fits whenever there is room", arguments: 0...40)
    func smallPieces(before: Int) throws {
        let blob = Blob(count: OutputQueue.appendBytesMax, seed: 5)
        let pieceBytes = OutputQueue.referenceBytesMin
        try withLoop { loop in
            try connectPair(loop) { server, client in
                Ear(server, start: false)
                Ear(client)
                let piece = blob.bytes.extracting(0..<pieceBytes)
                for _ in 0..<before {
                    expectTaken(client.output.append(referencing: piece, owner: blob))
                }
                while client.output.hasRoom {
                    var left = OutputQueue.appendBytesMax
                    while left > pieceBytes {
                        expectTaken(client.output.append(copying: [1].span))
                        expectTaken(client.output.append(referencing: piece, owner: blob))
                        left -= 1 + pieceBytes
                    }
                }
                expectTaken(client.output.append(copying: blob.bytes))
                expectTaken(client.output.append(referencing: blob.bytes, owner: blob))
                loop.stop()
            }
        }
    }

    @Test("close from inside received ends the reading at once")
    func closeInsideReceived() throws {
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let ear = Ear(server, start: false)
                var calls = 0
                ear.onReceived = { ear, _ in
                    calls += 1
                    ear.isInside = true
                    ear.stream.close()
                    ear.isInside = false
                }
                ear.onClosed = { _ in
                    #expect(calls == 1)
                    loop.timer(afterMillis: 5) { loop.stop() }
                }
                server.start()
                // More than one read can take.
                let writer = Ear(client)
                writer.send(pattern(count: 1 << 20, seed: 1))
            }
        }
    }
}

extension SocketAddress {
    fileprivate var isOurs: Bool { (try? ListeningSocket(self)) != nil }
}
