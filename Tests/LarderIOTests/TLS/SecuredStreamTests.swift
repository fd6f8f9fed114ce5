import LarderIO
import Testing

@Suite("ByteStream with TLS")
struct SecuredStreamTests {
    private let certificates = Certificates.shared

    init() throws { try #require(certificates.isMade, "openssl makes the certificates") }

    @Test("what both sides queue before the handshake arrives after it, and the end is in order")
    func bothWays() throws {
        let server = try certificates.server()
        let client = try certificates.client()
        let words = pattern(count: 5_000, seed: 1)
        try withLoop { loop in
            try connectSecuredPair(loop, server, client) { serverStream, clientStream in
                let ear = Ear(serverStream)
                let mouth = Ear(clientStream)
                mouth.send(words)
                ear.onReceived = { ear, bytes in
                    ear.append(bytes)
                    if ear.bytes.count == words.count { ear.send(words) }
                }
                mouth.onReceived = { mouth, bytes in
                    mouth.append(bytes)
                    if mouth.bytes.count == words.count { mouth.stream.closeAfterFlush() }
                }
                ear.onClosed = { ear in
                    #expect(ear.error == nil)
                    loop.stop()
                }
                mouth.onClosed = { mouth in
                    #expect(mouth.error == nil)
                    #expect(mouth.bytes == words)
                    #expect(ear.bytes == words)
                }
            }
        }
    }

    @Test("bytes by reference arrive whole, more than one round holds")
    func references() throws {
        let server = try certificates.server()
        let client = try certificates.client()
        let blob = Blob(count: 3_000_000, seed: 7)
        try withLoop { loop in
            try connectSecuredPair(loop, server, client) { serverStream, clientStream in
                let ear = Ear(serverStream)
                let mouth = Ear(clientStream)
                var sent = 0
                func fill(_ ear: Ear) {
                    while ear.stream.output.hasRoom, sent < blob.storage.count,
                        !ear.stream.isWriting
                    {
                        while ear.stream.output.hasRoom, sent < blob.storage.count {
                            let end = min(sent + 16_000, blob.storage.count)
                            expectTaken(
                                ear.stream.output.append(
                                    referencing: blob.bytes.extracting(sent..<end), owner: blob))
                            sent = end
                        }
                        ear.stream.flush()
                    }
                }
                ear.onDrained = fill
                ear.onReceived = { ear, _ in fill(ear) }
                mouth.send([1])
                mouth.onReceived = { mouth, bytes in
                    mouth.append(bytes)
                    if mouth.bytes.count == blob.storage.count {
                        mouth.stream.close()
                        loop.stop()
                    }
                }
                mouth.onClosed = { mouth in #expect(mouth.bytes == blob.storage) }
            }
        }
    }

    @Test("a client that trusts somebody else is told so, and the server hears an alert")
    func untrusted() throws {
        let server = try certificates.server()
        let client = try certificates.client(trusting: "stranger.pem")
        try withLoop { loop in
            try connectSecuredPair(loop, server, client) { serverStream, clientStream in
                let ear = Ear(serverStream)
                var open = 2
                let ended: (Ear) -> Void = { ended in
                    #expect(ended.error?.isTLS == true)
                    #expect(ended.bytes.isEmpty)
                    open -= 1
                    if open == 0 { loop.stop() }
                }
                ear.onClosed = ended
                Ear(clientStream).onClosed = ended
            }
        }
    }

    @Test("a client without TLS is ended")
    func cleartext() throws {
        let server = try certificates.server()
        try withLoop { loop in
            try connectPair(loop) { serverStream, clientStream in
                do { try serverStream.secure(server: server) } catch { Issue.record(error) }
                let ear = Ear(serverStream)
                ear.onClosed = { ear in
                    #expect(ear.error?.isTLS == true)
                    #expect(ear.bytes.isEmpty)
                    loop.stop()
                }
                Ear(clientStream).send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
            }
        }
    }
}
