import LarderIO
import Testing

@Suite("ByteStream with TLS, to a peer that does not read")
struct SecuredWritingTests {
    private let certificates = Certificates.shared

    init() throws { try #require(certificates.isMade, "openssl makes the certificates") }

    /// Gives the stream rounds of output until the socket takes no more.
    ///
    /// - Returns: how many bytes of the blob it has taken, from the first on.
    private static func fill(_ stream: ByteStream, from blob: Blob) -> Int {
        let sender = ByteStreamTests.Sender(blob)
        sender.pump(stream)
        #expect(stream.isWriting, "the socket does not take all of it")
        return sender.sent
    }

    @Test("ten MiB come back whole from a slow reader")
    func slowReader() throws {
        let server = try certificates.server()
        let client = try certificates.client()
        try ByteStreamTests.roundTrip { loop, ready in
            try connectSecuredPair(loop, server, client, ready)
        }
    }

    @Test("what waits when a stream is closed after its flush arrives, and then the end in order")
    func closingWhileOutputWaits() throws {
        let server = try certificates.server()
        let client = try certificates.client()
        let blob = Blob(count: 64 << 20, seed: 3)
        var sent = 0
        try withLoop { loop in
            try connectSecuredPair(loop, server, client) { serverStream, clientStream in
                let ear = Ear(serverStream)
                let mouth = Ear(clientStream)
                mouth.send([1])
                ear.onReceived = { ear, _ in
                    mouth.stream.pauseReading()
                    sent = Self.fill(ear.stream, from: blob)
                    ear.stream.closeAfterFlush(withinMillis: 60_000)
                    mouth.stream.resumeReading()
                }
                var open = 2
                let ended: (Ear) -> Void = { ended in
                    #expect(ended.error == nil)
                    open -= 1
                    if open == 0 { loop.stop() }
                }
                ear.onClosed = ended
                mouth.onClosed = { mouth in
                    #expect(mouth.bytes.count == sent)
                    #expect(mouth.bytes == Array(blob.storage.prefix(sent)))
                    ended(mouth)
                }
            }
        }
        #expect(sent > 0)
    }

    @Test("a close while output waits lets go of everything and reports once")
    func closing() throws {
        let server = try certificates.server()
        let client = try certificates.client()
        weak var watched: Blob?
        try withLoop { loop in
            try connectSecuredPair(loop, server, client) { serverStream, clientStream in
                let blob = Blob(count: 64 << 20, seed: 3)
                watched = blob
                let ear = Ear(serverStream)
                let mouth = Ear(clientStream)
                mouth.send([1])
                ear.onReceived = { [weak blob] ear, _ in
                    mouth.stream.pauseReading()
                    if let blob { _ = Self.fill(ear.stream, from: blob) }
                    ear.stream.close()
                    mouth.stream.close()
                }
                var open = 2
                let ended: (Ear) -> Void = { ended in
                    #expect(ended.error == nil)
                    #expect(ended.closedCount == 1)
                    open -= 1
                    if open == 0 { loop.stop() }
                }
                ear.onClosed = { ear in
                    // Held until now by this closure.
                    #expect(blob.storage.count > 0)
                    ended(ear)
                }
                mouth.onClosed = ended
            }
        }
        #expect(watched == nil)
    }

    @Test("a peer that sends nonsense while output waits gets that output, and then the alert")
    func alertWaits() throws {
        let server = try certificates.server()
        let blob = Blob(count: 64 << 20, seed: 3)
        // The client is a machine on a stream without TLS, so that it can say what TLS does not.
        let machine = try TLSMachine(client: certificates.client(), serverName: "localhost")
        let plaintext = TLSBuffer()
        var sent = 0
        var heard = 0
        var reason = ""
        try withLoop { loop in
            try connectPair(loop) { serverStream, clientStream in
                do { try serverStream.secure(server: server) } catch { Issue.record(error) }
                let ear = Ear(serverStream)
                let mouth = Ear(clientStream)
                var hasAsked = false
                func say(_ mouth: Ear) throws(TLSError) {
                    try machine.takeCiphertext { bytes in
                        expectTaken(mouth.stream.output.append(copying: bytes))
                    }
                    mouth.stream.flush()
                }
                mouth.onReceived = { mouth, bytes in
                    do throws(TLSError) {
                        // Shorter than an alert, with which the bytes of its piece are lost.
                        for start in stride(from: 0, to: bytes.count, by: 16) {
                            let piece = bytes.extracting(start..<min(start + 16, bytes.count))
                            heard += try machine.receive(piece, into: plaintext)
                        }
                        if machine.isEstablished, !hasAsked {
                            hasAsked = true
                            let request: [UInt8] = [1]
                            try machine.encrypt(request.span)
                        }
                        try say(mouth)
                    } catch {
                        reason = "\(error)"
                        mouth.stream.close()
                    }
                }
                ear.onReceived = { ear, _ in
                    mouth.stream.pauseReading()
                    sent = Self.fill(ear.stream, from: blob)
                    mouth.send([23, 3, 3, 0, 20] + [UInt8](repeating: 0, count: 20))
                }
                let timer = loop.timer(afterMillis: 1, repeatMillis: 1) {
                    if ear.stream.isEnding { mouth.stream.resumeReading() }
                }
                ear.onClosed = { ear in
                    timer.cancel()
                    #expect(ear.error?.isTLS == true)
                    loop.stop()
                }
                do throws(TLSError) {
                    try machine.begin()
                    try say(mouth)
                } catch { Issue.record(error) }
            }
        }
        #expect(sent > 0)
        #expect(heard == sent)
        #expect(reason.contains("bad record mac"))
    }
}
