import LarderIO

/// Two machines joined by two byte buffers, whose bytes arrive in pieces of any size, or of one.
final class MachinePair {
    let client: TLSMachine
    let server: TLSMachine
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    var heardByServer: [UInt8] = []
    var heardByClient: [UInt8] = []
    private let plaintext = TLSBuffer()
    private let pieceBytes: Int?
    private var state: UInt64

    init(
        server: TLSContext, client: TLSContext, name: String = "localhost",
        pieceBytes: Int? = nil, seed: UInt64 = 1
    ) throws {
        self.pieceBytes = pieceBytes
        self.server = try TLSMachine(server: server)
        self.client = try TLSMachine(client: client, serverName: name)
        state = seed
        try self.client.begin()
    }

    var isClientReady: Bool { client.isEstablished }
    var isServerReady: Bool { server.isEstablished }

    private func pieceBytes(upTo count: Int) -> Int {
        if let pieceBytes { return min(count, pieceBytes) }
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let sizes = [1, 2, 5, 17, 100, 1_500, 16_000, 70_000]
        return min(count, sizes[Int(state >> 33) % sizes.count])
    }

    private func append(_ bytes: Span<UInt8>, to list: inout [UInt8]) {
        for index in bytes.indices { list.append(bytes[index]) }
    }

    /// Takes what both have to say.
    func take() throws {
        try client.takeCiphertext { append($0, to: &toServer) }
        try server.takeCiphertext { append($0, to: &toClient) }
    }

    /// Carries bytes until both are silent.
    func run() throws {
        let plaintext = plaintext
        var isMoving = true
        while isMoving {
            try take()
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
        try server.encrypt(bytes.span)
    }

    func sendFromClient(_ bytes: [UInt8]) throws {
        try client.encrypt(bytes.span)
    }
}
