import COpenSSL

/// One secured connection as a pure machine: ciphertext in, plaintext out, and the other way.
///
/// Memory stays bounded: input is fed in pieces and read out at once, output leaves record by
/// record, and what the protocol itself wants to say is limited by `unsentBytesMax`.
@safe
package struct TLSMachine: ~Copyable {
    /// Plaintext in one record, and so in one step of encryption.
    package static let recordBytesMax = 16 * 1024
    /// Of ciphertext that is handed to OpenSSL in one piece.
    private static let pieceBytesMax = 16 * 1024
    /// Answers of the protocol itself, such as to key updates, that nobody has taken.
    package static let unsentBytesMax = 64 * 1024
    /// What a peer may send before the handshake is over: OpenSSL gathers messages of it whole.
    package static let handshakeBytesMax = 64 * 1024
    /// New keys that a peer may announce on one connection: each costs more than the 27 bytes that
    /// it takes, and is due after 2^24 records or so.
    package static let keyUpdatesMax: UInt32 = 1_000

    private let context: TLSContext
    private let session: OpaquePointer
    // Both belong to the session, which frees them.
    private let input: OpaquePointer
    private let output: OpaquePointer
    /// The handshake is over: plaintext may be sent.
    package private(set) var isEstablished = false
    private var handshakeBytes = 0
    // At an address of its own, known to the session.
    private let keyUpdateCount: UnsafeMutablePointer<UInt32>
    /// The peer has said that it sends no more.
    package private(set) var hasPeerEnded = false

    /// A server's end.
    package init(server context: TLSContext) throws(TLSError) {
        unsafe (session, input, output) = try Self.makeSession(context)
        self.context = context
        unsafe keyUpdateCount = Self.countKeyUpdates(on: session)
        unsafe SSL_set_accept_state(session)
    }

    /// A client's end, which wants a certificate for `serverName`, a host or an IP address.
    package init(client context: TLSContext, serverName: String) throws(TLSError) {
        let parts = unsafe try Self.makeSession(context)
        guard unsafe Self.expect(serverName, on: parts.session) else {
            unsafe SSL_free(parts.session)
            throw .fromQueue(.session, "no server can have this name")
        }
        unsafe (session, input, output) = unsafe parts
        self.context = context
        unsafe keyUpdateCount = Self.countKeyUpdates(on: session)
        unsafe SSL_set_connect_state(session)
    }

    private static func countKeyUpdates(
        on session: OpaquePointer
    ) -> UnsafeMutablePointer<UInt32> {
        let counter = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        unsafe counter.initialize(to: 0)
        unsafe larder_tls_count_key_updates(session, counter)
        return unsafe counter
    }

    private static func makeSession(
        _ context: TLSContext
    ) throws(TLSError) -> (session: OpaquePointer, input: OpaquePointer, output: OpaquePointer) {
        ERR_clear_error()
        guard let session = unsafe SSL_new(context.handle) else {
            throw .fromQueue(.session, "no TLS session")
        }
        guard let input = unsafe BIO_new(BIO_s_mem()), let output = unsafe BIO_new(BIO_s_mem())
        else {
            unsafe SSL_free(session)
            throw .fromQueue(.session, "no TLS session")
        }
        // Empty means "come again", not the end.
        unsafe BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        unsafe BIO_ctrl(output, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        unsafe SSL_set_bio(session, input, output)
        return unsafe (session, input, output)
    }

    private static func expect(_ serverName: String, on session: OpaquePointer) -> Bool {
        defer { ERR_clear_error() }
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), serverName) == 1 {
            return true
        }
        return unsafe SSL_set1_host(session, serverName) == 1
            && larder_tls_set_server_name(session, serverName) == 1
    }

    deinit {
        unsafe SSL_free(session)
        unsafe keyUpdateCount.deallocate()
    }

    // MARK: In

    /// Lets a client greet.
    package mutating func begin() throws(TLSError) {
        try shakeHands()
    }

    /// Takes ciphertext, at most `TLSBuffer.ciphertextBytesMax` bytes, and puts what it says into
    /// `plaintext`. What is to be answered waits for `takeCiphertext`, after a throw too.
    ///
    /// - Returns: how many bytes of plaintext.
    package mutating func receive(
        _ ciphertext: Span<UInt8>, into plaintext: TLSBuffer
    ) throws(TLSError) -> Int {
        precondition(
            ciphertext.count <= TLSBuffer.ciphertextBytesMax, "the plaintext has room for it")
        var count = 0
        var offset = 0
        while offset < ciphertext.count, !hasPeerEnded {
            let end = min(offset + Self.pieceBytesMax, ciphertext.count)
            let taken = unsafe ciphertext.extracting(offset..<end).withUnsafeBufferPointer {
                unsafe BIO_write(input, $0.baseAddress, Int32($0.count))
            }
            guard Int(taken) == end - offset else {
                throw .fromQueue(.session, "no memory for TLS")
            }
            offset = end
            if !isEstablished {
                try shakeHands()
                handshakeBytes += Int(taken)
                guard isEstablished || handshakeBytes <= Self.handshakeBytesMax else {
                    throw TLSError(.session, "the TLS handshake is too long")
                }
            }
            if isEstablished { count = try read(into: plaintext, from: count) }
            guard unsafe keyUpdateCount.pointee <= Self.keyUpdatesMax else {
                throw TLSError(.session, "the peer announces new keys too often")
            }
            guard unsafe BIO_ctrl_pending(output) <= Self.unsentBytesMax else {
                throw TLSError(.session, "the peer asks for more TLS messages than it reads")
            }
        }
        return count
    }

    private mutating func shakeHands() throws(TLSError) {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        if result == 1 {
            guard isHTTP2 else {
                throw TLSError(.session, "the peer does not speak HTTP/2 over TLS")
            }
            isEstablished = true
            return
        }
        if unsafe SSL_get_error(session, result) == SSL_ERROR_WANT_READ { return }
        throw failure("TLS handshake failed")
    }

    private mutating func read(
        into plaintext: TLSBuffer, from start: Int
    ) throws(TLSError) -> Int {
        var count = start
        while true {
            ERR_clear_error()
            precondition(count < TLSBuffer.bytesMax, "a record's plaintext is no longer than it")
            var got = 0
            let result = unsafe SSL_read_ex(
                session, plaintext.base + count, TLSBuffer.bytesMax - count, &got)
            if result == 1 {
                count += got
                continue
            }
            switch unsafe SSL_get_error(session, result) {
            case SSL_ERROR_WANT_READ: return count
            case SSL_ERROR_ZERO_RETURN:
                hasPeerEnded = true
                return count
            default: throw failure("TLS failed")
            }
        }
    }

    private var isHTTP2: Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(session, &name, &count)
        guard count == 2, let name = unsafe name else { return false }
        return unsafe name[0] == UInt8(ascii: "h") && name[1] == UInt8(ascii: "2")
    }

    private func failure(_ context: String) -> TLSError {
        let result = unsafe SSL_get_verify_result(session)
        if Int32(clamping: result) != X509_V_OK,
            let words = unsafe X509_verify_cert_error_string(result)
        {
            ERR_clear_error()
            return TLSError(
                .session, "\(context): certificate not trusted: \(unsafe String(cString: words))")
        }
        return .fromQueue(.session, context)
    }

    // MARK: Out

    /// Encrypts `plaintext`, in records, and gives out all ciphertext there is.
    package mutating func encrypt(
        _ plaintext: Span<UInt8>, _ emit: (Span<UInt8>) -> Void
    ) throws(TLSError) {
        precondition(isEstablished, "nothing is sent before the handshake is over")
        var offset = 0
        while offset < plaintext.count {
            let end = min(offset + Self.recordBytesMax, plaintext.count)
            ERR_clear_error()
            var written = 0
            let result = unsafe plaintext.extracting(offset..<end).withUnsafeBufferPointer {
                unsafe SSL_write_ex(session, $0.baseAddress, $0.count, &written)
            }
            guard result == 1, written == end - offset else { throw failure("TLS failed") }
            offset = end
            takeCiphertext(emit)
        }
    }

    /// Whether there is something to take without encrypting: handshakes, alerts.
    package var hasCiphertext: Bool { unsafe BIO_ctrl_pending(output) > 0 }

    /// Gives out what the protocol has to say.
    package mutating func takeCiphertext(_ emit: (Span<UInt8>) -> Void) {
        var base: UnsafeMutablePointer<UInt8>?
        let count = unsafe withUnsafeMutablePointer(to: &base) {
            unsafe BIO_ctrl(output, BIO_CTRL_INFO, 0, $0)
        }
        guard count > 0, let base = unsafe base else { return }
        emit(unsafe Span(_unsafeStart: base, count: count))
        // Moves to the end. A reset would do too, and fill all of the memory with zeros.
        if unsafe BIO_ctrl(output, BIO_C_FILE_SEEK, count, nil) != count {
            unsafe BIO_ctrl(output, BIO_CTRL_RESET, 0, nil)
        }
    }

    /// Says that nothing more will be sent; the words are taken with `takeCiphertext`.
    package mutating func end() {
        guard isEstablished else { return }
        unsafe SSL_shutdown(session)
        ERR_clear_error()
    }

    // MARK: Who the peer is

    private static let urisMax: Int32 = 64
    private static let uriBytesMax = 256

    /// The URIs among the alternative names of the peer's certificate: of those up to
    /// `uriBytesMax` bytes long, the first `urisMax`.
    package var peerURIs: [String] {
        guard let certificate = unsafe SSL_get0_peer_certificate(session) else { return [] }
        var uris: [String] = []
        var text = [CChar](repeating: 0, count: Self.uriBytesMax)
        for index in 0..<Self.urisMax {
            let count = unsafe larder_tls_copy_uri(
                certificate, index, &text, Int32(Self.uriBytesMax))
            guard count >= 0 else { break }
            let bytes = text.prefix(Int(count)).map { UInt8(bitPattern: $0) }
            if count > 0 { uris.append(String(decoding: bytes, as: UTF8.self)) }
        }
        return uris
    }
}
