import COpenSSL

/// What a session of OpenSSL's has in place of a socket: it reads ciphertext where that lies, and
/// writes its records right into the output.
///
/// Bounded by its users: by how much they encrypt before they send, and by `unsentBytesMax`.
// OpenSSL's memory BIOs would copy every byte once more, either way.
@safe
final class TLSWire {
    /// Records on their way out. Has bytes only while somebody encrypts, and until they are sent.
    let output: OutputQueue
    /// What the protocol itself says, such as handshakes and alerts: it waits here, and not in a
    /// block of the output, since a peer that does not read can make it wait.
    private(set) var words: [UInt8] = []
    /// New keys that the peer has announced.
    private(set) var keyUpdateCount = 0

    private var isEncrypting = false
    // Lent for the time of `lending`.
    private var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)

    init(blocks: OutputBlockPool) {
        output = OutputQueue(pool: blocks)
    }

    /// Joins it to a session, which must end before it does. False: there is no memory.
    func attach(to session: OpaquePointer) -> Bool {
        guard let method = unsafe Self.method, let bio = unsafe BIO_new(method) else {
            return false
        }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        // The session takes over the one reference there is, and lets go of it when it is freed.
        unsafe SSL_set_bio(session, bio, bio)
        unsafe SSL_set_msg_callback(session) { isOurs, _, type, bytes, count, session, _ in
            guard isOurs == 0, type == SSL3_RT_HANDSHAKE, count > 0, let bytes = unsafe bytes,
                unsafe bytes.load(as: UInt8.self) == SSL3_MT_KEY_UPDATE,
                let wire = unsafe TLSWire.of(SSL_get_rbio(session))
            else { return }
            wire.keyUpdateCount += 1
        }
        return true
    }

    // MARK: Users

    /// Whether some of what was lent has not been read.
    var hasInput: Bool { unsafe !input.isEmpty }

    /// Lets the session read `bytes` while `body` runs.
    func lending(
        _ bytes: Span<UInt8>, _ body: () throws(TLSError) -> Void
    ) throws(TLSError) {
        try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(TLSError) in
            unsafe input = UnsafeRawBufferPointer(bytes)
            defer { unsafe input = UnsafeRawBufferPointer(start: nil, count: 0) }
            try body()
        }
    }

    /// Lets the records that the session writes while `body` runs follow what waits.
    func encrypting(_ body: () throws(TLSError) -> Void) throws(TLSError) {
        try releaseWords()
        isEncrypting = true
        defer { isEncrypting = false }
        try body()
    }

    /// Moves what the protocol has to say into the output.
    ///
    /// - Throws: if the output has no room, which then has bytes that must not overtake the words.
    func releaseWords() throws(TLSError) {
        guard !words.isEmpty else { return }
        guard output.append(copying: words.span) else {
            throw TLSError(.session, "no room for \(words.count) bytes of TLS messages")
        }
        words = []
    }

    // MARK: OpenSSL

    private func read(_ target: UnsafeMutableRawPointer, _ room: Int) -> Int {
        let count = unsafe min(room, input.count)
        guard count > 0, let source = unsafe input.baseAddress else { return 0 }
        unsafe target.copyMemory(from: source, byteCount: count)
        unsafe input = UnsafeRawBufferPointer(rebasing: input[count...])
        return count
    }

    private func write(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if isEncrypting { return unsafe output.append(copying: Span(_unsafeElements: bytes)) }
        unsafe words.append(contentsOf: bytes)
        return true
    }

    private static func of(_ bio: OpaquePointer?) -> TLSWire? {
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSWire>.fromOpaque(data).takeUnretainedValue()
    }

    // Made once, by whoever comes first, and not changed or freed after that.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = unsafe BIO_meth_new(type, "larder") else { return nil }
        unsafe BIO_meth_set_read_ex(method) { bio, target, room, count in
            guard let wire = unsafe TLSWire.of(bio), let target = unsafe target,
                let count = unsafe count
            else { return 0 }
            unsafe count.pointee = wire.read(target, room)
            if unsafe count.pointee > 0 { return 1 }
            // Come again, when more has arrived.
            unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return 0
        }
        unsafe BIO_meth_set_write_ex(method) { bio, bytes, count, taken in
            guard let wire = unsafe TLSWire.of(bio), let bytes = unsafe bytes,
                let taken = unsafe taken
            else { return 0 }
            let start = unsafe UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self)
            let isTaken = unsafe wire.write(UnsafeBufferPointer(start: start, count: count))
            unsafe taken.pointee = isTaken ? count : 0
            return isTaken ? 1 : 0
        }
        // Nothing is kept back, so there is nothing to flush; all other questions have the answer no.
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return unsafe method
    }()
}
