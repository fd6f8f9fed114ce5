import LarderIO
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("ByteStream, at its end")
struct ByteStreamClosingTests {
    @Test("an orderly end of the peer closes without an error")
    func peerEnds() throws {
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let ear = Ear(server)
                ear.onClosed = { ear in
                    #expect(ear.bytes == [9])
                    #expect(ear.error == nil)
                    loop.stop()
                }
                Ear(client).send([9])
                client.close()
            }
        }
    }

    @Test("a reset by the peer closes with its name")
    func peerResets() throws {
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let ear = Ear(server)
                ear.onClosed = { ear in
                    #expect(ear.error?.code == "ECONNRESET")
                    loop.stop()
                }
                // Closed on unread bytes: the system answers with a reset.
                ear.send([1, 2, 3])
                Ear(client, start: false)
                loop.timer(afterMillis: 5) { client.close() }
            }
        }
    }

    @Test("writing to a peer that has gone is an error, not the end of the process")
    func brokenPipe() throws {
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let ear = Ear(server, start: false)
                server.start()
                server.pauseReading()
                ear.onClosed = { ear in
                    #expect(["ECONNRESET", "EPIPE"].contains(ear.error?.code))
                    loop.stop()
                }
                client.close()
                loop.timer(afterMillis: 5, repeatMillis: 1) {
                    guard !server.isClosed else { return }
                    ear.isInside = true
                    ear.send([1])
                    ear.isInside = false
                }
            }
        }
    }

    @Test("last words reach a peer that is still sending")
    func lastWords() throws {
        let words = pattern(count: 900_000, seed: 5)
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let reader = Ear(client)
                reader.onClosed = { reader in
                    #expect(reader.error == nil)
                    #expect(reader.bytes == words)
                    loop.stop()
                }
                let chatter = loop.timer(afterMillis: 0, repeatMillis: 1) {
                    if !client.isClosed, !client.isWriting { reader.send([1, 2, 3]) }
                }
                let speaker = Ear(server)
                speaker.onReceived = { speaker, _ in
                    expectTaken(speaker.stream.output.append(copying: words.span))
                    speaker.stream.closeAfterFlush()
                    speaker.onReceived = { _, _ in Issue.record("nothing is read any more") }
                }
                speaker.onClosed = { _ in chatter.cancel() }
            }
        }
    }

    @Test("a peer that does not read cannot hold a stream that is ending")
    func finishIsBounded() throws {
        try withLoop { loop in
            try connectPair(loop) { server, client in
                Ear(client, start: false)
                let speaker = Ear(server)
                let blob = Blob(count: 32 << 20, seed: 5)
                expectTaken(server.output.append(referencing: blob.bytes, owner: blob))
                server.closeAfterFlush(withinMillis: 20)
                #expect(server.isWriting)
                speaker.onClosed = { _ in loop.stop() }
            }
        }
    }

    @Test("what a half-closed peer has asked for is still written")
    func halfClosed() throws {
        let blob = Blob(count: 8 << 20, seed: 6)
        let notes = Notes()
        try withLoop { loop in
            let listener = try Listener(loop: loop, address: loopback) { stream in
                let speaker = Ear(stream)
                speaker.onReceived = { speaker, _ in
                    let output = speaker.stream
                    expectTaken(output.output.append(referencing: blob.bytes, owner: blob))
                    output.flush()
                    #expect(output.isWriting)
                }
                speaker.onClosed = { speaker in
                    #expect(speaker.error == nil)
                    notes.values[0] = []
                }
            }
            guard case .ip(_, let port) = listener.boundAddress else { return }
            _ = try LoopThread(name: "half-closed") {
                let count = askAndReadAll(port: port)
                loop.submit {
                    notes.total = count
                    loop.stop()
                }
            }
        }
        #expect(notes.total == blob.storage.count)
        #expect(notes.values[0] != nil)
    }
}

/// A blocking client that ends its side after one byte: how many bytes come back.
private func askAndReadAll(port: UInt16) -> Int {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let connected = unsafe withUnsafePointer(to: &name) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard connected == 0 else { return -1 }
    var chunk = [UInt8](repeating: 1, count: 65_536)
    guard unsafe write(number, &chunk, 1) == 1 else { return -1 }
    shutdown(number, Int32(SHUT_WR))
    usleep(20_000)
    var total = 0
    while true {
        let count = unsafe read(number, &chunk, chunk.count)
        if count <= 0 { return total }
        total += count
    }
}
