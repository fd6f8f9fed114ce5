import LarderIO
import Testing

@Suite("TLSMachine")
struct TLSMachineTests {
    private let certificates = Certificates.shared

    init() throws { try #require(certificates.isMade, "openssl makes the certificates") }

    private func failure(_ pair: MachinePair) -> String {
        do { try pair.run() } catch { return "\(error)" }
        return ""
    }

    @Test("bytes arrive as they were sent, however the ciphertext is torn", arguments: 1...8)
    func tornReads(seed: Int) throws {
        let pair = try MachinePair(
            server: certificates.server(), client: certificates.client(), seed: UInt64(seed))
        try pair.run()
        #expect(pair.isClientReady)
        #expect(pair.isServerReady)
        let request = pattern(count: 300, seed: UInt64(seed))
        let answer = pattern(count: 200_000, seed: UInt64(seed) + 100)
        try pair.sendFromClient(request)
        try pair.run()
        try pair.sendFromServer(answer)
        try pair.run()
        #expect(pair.heardByServer == request)
        #expect(pair.heardByClient == answer)
        pair.server.end()
        try pair.run()
        let hasEnded = (client: pair.client.hasPeerEnded, server: pair.server.hasPeerEnded)
        #expect(hasEnded == (client: true, server: false))
    }

    @Test("byte by byte: the handshake, what follows it, and the end")
    func byteByByte() throws {
        let pair = try MachinePair(
            server: certificates.server(clientAuthority: "authority.pem"),
            client: certificates.client(as: "client"), pieceBytes: 1)
        try pair.run()
        #expect(pair.isClientReady)
        #expect(pair.isServerReady)
        let words = pattern(count: 20_000, seed: 5)
        try pair.sendFromServer(words)
        try pair.sendFromClient(words)
        try pair.run()
        #expect(pair.heardByServer == words)
        #expect(pair.heardByClient == words)
        pair.client.end()
        try pair.run()
        let hasPeerEnded = pair.server.hasPeerEnded
        #expect(hasPeerEnded)
    }

    @Test(
        "a piece of any size arrives, far longer than a block of the output too",
        arguments: [1, 16_383, 16_384, 16_385, 262_000, 262_144, 1_200_000])
    func longPieces(count: Int) throws {
        let pair = try MachinePair(server: certificates.server(), client: certificates.client())
        try pair.run()
        let words = pattern(count: count, seed: UInt64(count))
        try pair.sendFromServer(words)
        try pair.run()
        #expect(pair.heardByClient == words)
    }

    @Test("more at once than the output holds is refused, and the session is over")
    func tooLongPiece() throws {
        let pair = try MachinePair(server: certificates.server(), client: certificates.client())
        try pair.run()
        let words = pattern(count: OutputQueue.pendingBytesMax + 64 * 1024, seed: 1)
        #expect(throws: TLSError.self) { try pair.sendFromServer(words) }
        #expect(throws: TLSError.self) { try pair.sendFromServer([1]) }
    }

    @Test("what the protocol says before goes out before, taken or not")
    func wordsGoFirst() throws {
        let pair = try MachinePair(server: certificates.server(), client: certificates.client())
        let plaintext = TLSBuffer()
        // Until the client's last message of the handshake, which the server answers with tickets.
        while !pair.isClientReady {
            try pair.take()
            if !pair.toServer.isEmpty {
                _ = try pair.server.receive(pair.toServer.span, into: plaintext)
                pair.toServer = []
            }
            try pair.take()
            _ = try pair.client.receive(pair.toClient.span, into: plaintext)
            pair.toClient = []
        }
        try pair.take()
        _ = try pair.server.receive(pair.toServer.span, into: plaintext)
        pair.toServer = []
        let hasWords = pair.server.hasWords
        #expect(hasWords)
        try pair.sendFromServer([1, 2, 3])
        let hasWordsStill = pair.server.hasWords
        #expect(!hasWordsStill)
        pair.server.end()
        try pair.run()
        #expect(pair.heardByClient == [1, 2, 3])
        let hasPeerEnded = pair.client.hasPeerEnded
        #expect(hasPeerEnded)
    }

    @Test("a machine may go at any moment, with words that nobody took")
    func goesAnyTime() throws {
        let plaintext = TLSBuffer()
        let server = try TLSMachine(server: certificates.server())
        var greeting: [UInt8] = []
        do {
            let client = try TLSMachine(client: certificates.client(), serverName: "localhost")
            try client.begin()
            try client.takeCiphertext { bytes in
                for index in bytes.indices { greeting.append(bytes[index]) }
            }
        }
        _ = try server.receive(greeting.span, into: plaintext)
        let hasWords = server.hasWords
        #expect(hasWords)
    }

    @Test("a name that no server can have is refused")
    func impossibleName() throws {
        let name = String(repeating: "a", count: 300)
        #expect(throws: TLSError.self) {
            _ = try TLSMachine(client: certificates.client(), serverName: name)
        }
    }

    @Test("a certificate for another host is not trusted", arguments: ["example.org", "127.0.0.2"])
    func otherHost(name: String) throws {
        let pair = try MachinePair(
            server: certificates.server(), client: certificates.client(), name: name)
        #expect(failure(pair).contains("not trusted"))
        #expect(!pair.isClientReady)
    }

    @Test("a certificate is trusted for its IP address too")
    func address() throws {
        let pair = try MachinePair(
            server: certificates.server(), client: certificates.client(), name: "127.0.0.1")
        try pair.run()
        #expect(pair.isClientReady)
    }

    @Test("a certificate of an authority that is not ours is not trusted")
    func otherAuthority() throws {
        let pair = try MachinePair(
            server: certificates.server(), client: certificates.client(trusting: "stranger.pem"))
        #expect(failure(pair).contains("not trusted"))
    }

    @Test("a client shows its certificate, and its URIs are read")
    func clientCertificate() throws {
        let pair = try MachinePair(
            server: certificates.server(clientAuthority: "authority.pem"),
            client: certificates.client(as: "client"))
        try pair.run()
        #expect(pair.isServerReady)
        let uris = pair.server.peerURIs
        #expect(uris == ["larder:role:write", "spiffe://example/web"])
    }

    @Test(
        "a client without a certificate, or with a stranger's, is refused",
        arguments: [nil, "other"])
    func noClientCertificate(name: String?) throws {
        let pair = try MachinePair(
            server: certificates.server(clientAuthority: "authority.pem"),
            client: certificates.client(as: name))
        #expect(!failure(pair).isEmpty)
        #expect(!pair.isServerReady)
    }

    @Test("bytes that are no TLS are refused with an alert, and nothing is heard")
    func garbage() throws {
        let server = try TLSMachine(server: certificates.server())
        let plaintext = TLSBuffer()
        let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        var isRefused = false
        do {
            _ = try server.receive(bytes.span, into: plaintext)
        } catch { isRefused = true }
        #expect(isRefused)
        let isEstablished = server.isEstablished
        #expect(!isEstablished)
    }

    @Test("a greeting that goes on and on is not gathered to its end")
    func longGreeting() throws {
        let server = try TLSMachine(server: certificates.server())
        let plaintext = TLSBuffer()
        // Records of TLS that hold pieces of one ClientHello, which says that it has 126,976 bytes.
        let hello: [UInt8] = [1, 1, 0xF0, 0] + [UInt8](repeating: 0, count: 126_976)
        var sent = 0
        var reason = ""
        for start in stride(from: 0, to: hello.count, by: 10_000) where reason.isEmpty {
            let piece = Array(hello[start..<min(start + 10_000, hello.count)])
            let record = [22, 3, 1, UInt8(piece.count >> 8), UInt8(piece.count & 255)] + piece
            sent += record.count
            do {
                _ = try server.receive(record.span, into: plaintext)
            } catch { reason = "\(error)" }
        }
        #expect(reason.contains("too long"))
        #expect(sent < TLSMachine.handshakeBytesMax + 2 * 10_005)
    }

    @Test("a flipped byte anywhere ends the session", arguments: 1...20)
    func flipped(seed: Int) throws {
        let pair = try MachinePair(
            server: certificates.server(), client: certificates.client(), seed: 3)
        try pair.run()
        try pair.sendFromServer(pattern(count: 1_000, seed: 9))
        try pair.take()
        pair.toClient[(seed &* 7_919) % pair.toClient.count] ^= 0x10
        // A longer length makes the client wait for bytes that do not come.
        let failed = !failure(pair).isEmpty
        #expect(failed || pair.heardByClient.isEmpty)
    }

    @Test("the client's list of protocols is read within its bounds")
    func protocols() throws {
        func has(_ list: [UInt8]) -> Bool { TLSContext.offersHTTP2(list.span) }
        #expect(has([2, 0x68, 0x32]))
        #expect(has([8, 0x68, 0x74, 0x74, 0x70, 0x2f, 0x31, 0x2e, 0x31, 2, 0x68, 0x32]))
        #expect(!has([]))
        #expect(!has([2, 0x68]))
        #expect(!has([3, 0x68, 0x32, 0x63]))
        #expect(!has([255, 2, 0x68, 0x32]))
    }

    @Test("what is wrong with a file is said, with whose it is")
    func files() throws {
        func part(_ certificate: String, _ key: String, _ authority: String? = nil) -> TLSError? {
            do throws(TLSError) {
                _ = try TLSContext.server(
                    certificate: certificates[certificate], key: certificates[key],
                    clientAuthority: authority.map { certificates[$0] }, minVersion: .tls13)
            } catch { return error }
            return nil
        }
        #expect(part("server.pem", "server.key", "authority.pem") == nil)
        #expect(part("none.pem", "server.key")?.part == .certificate)
        #expect(part("none.pem", "server.key")?.reason.contains("no such file") == true)
        #expect(part("server.key", "server.key")?.part == .certificate)
        #expect(part("server.pem", "server.pem")?.part == .key)
        #expect(part("server.pem", "client.key")?.part == .key)
        #expect(part("server.pem", "server.key", "server.key")?.part == .authority)
    }

    @Test("a digest is compared and written as it was read")
    func digest() {
        let secret = Array("abc".utf8)
        let digest = SecretDigest(of: secret.span)
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(digest.hexadecimal == text)
        #expect(SecretDigest(hexadecimal: text.uppercased())?.matches(digest) == true)
        #expect(SecretDigest(hexadecimal: String(text.dropLast())) == nil)
        #expect(SecretDigest(hexadecimal: text.dropLast() + "g") == nil)
        #expect(!SecretDigest.areEqual([1, 2], [1, 3]))
        #expect(!SecretDigest.areEqual([1, 2], [1, 2, 3]))
    }
}
