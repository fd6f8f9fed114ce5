import LarderIO
import Testing

/// Two machines joined by two byte buffers, whose bytes arrive in pieces of any size.
private final class MachinePair {
    var client: TLSMachine
    var server: TLSMachine
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    var heardByServer: [UInt8] = []
    var heardByClient: [UInt8] = []
    private let plaintext = TLSBuffer()
    private var state: UInt64

    init(
        server: TLSContext, client: TLSContext, name: String = "localhost", seed: UInt64 = 1
    ) throws {
        self.server = try TLSMachine(server: server)
        self.client = try TLSMachine(client: client, serverName: name)
        state = seed
        try self.client.begin()
    }

    var isClientReady: Bool { client.isEstablished }
    var isServerReady: Bool { server.isEstablished }

    private func pieceBytes(upTo count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let sizes = [1, 2, 5, 17, 100, 1_500, 16_000, 70_000]
        return min(count, sizes[Int(state >> 33) % sizes.count])
    }

    private func append(_ bytes: Span<UInt8>, to list: inout [UInt8]) {
        for index in bytes.indices { list.append(bytes[index]) }
    }

    /// Carries bytes until both are silent.
    func run() throws {
        let plaintext = plaintext
        var isMoving = true
        while isMoving {
            client.takeCiphertext { append($0, to: &toServer) }
            server.takeCiphertext { append($0, to: &toClient) }
            isMoving = !toServer.isEmpty || !toClient.isEmpty
            if !toServer.isEmpty {
                let piece = Array(toServer.prefix(pieceBytes(upTo: toServer.count)))
                toServer.removeFirst(piece.count)
                let count = try server.receive(piece.span, into: plaintext)
                append(plaintext.bytes(count), to: &heardByServer)
            }
            if !toClient.isEmpty {
                let piece = Array(toClient.prefix(pieceBytes(upTo: toClient.count)))
                toClient.removeFirst(piece.count)
                let count = try client.receive(piece.span, into: plaintext)
                append(plaintext.bytes(count), to: &heardByClient)
            }
        }
    }

    func sendFromServer(_ bytes: [UInt8]) throws {
        try server.encrypt(bytes.span) { append($0, to: &toClient) }
    }

    func sendFromClient(_ bytes: [UInt8]) throws {
        try client.encrypt(bytes.span) { append($0, to: &toServer) }
    }
}

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
        var server = try TLSMachine(server: certificates.server())
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
        var server = try TLSMachine(server: certificates.server())
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
