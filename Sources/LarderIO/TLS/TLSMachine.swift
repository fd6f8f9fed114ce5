import COpenSSL

/// One secured connection as a pure machine: ciphertext in, plaintext out, and the other way.
///
/// Memory stays bounded: input is fed in pieces and read out at once, of output there is as much as
/// the caller encrypts, and what the protocol itself wants to say is limited by `unsentBytesMax`.
@safe
package final class TLSMachine {
    /// Plaintext in one record, and so in one step of encryption.
    package static let recordBytesMax = 16 * 1024
    /// Of ciphertext that OpenSSL may read before it is asked what came of it.
    private static let pieceBytesMax = 16 * 1024
    /// Answers of the protocol itself, such as to key updates, that nobody has taken.
    package static let unsentBytesMax = 64 * 1024
    /// What a peer may send before the handshake is over: OpenSSL gathers messages of it whole.
    package static let handshakeBytesMax = 64 * 1024
    /// New keys that a peer may announce on one connection: each costs more than the 27 bytes that
    /// it takes, and is due after 2^24 records or so.
    package static let keyUpdatesMax = 1_000

    private let context: TLSContext
    private let session: OpaquePointer
    // The session points to it. It is freed after the session: stored here, and let go of after
    // `deinit` has run.
    let wire: TLSWire
    // Apart from what other targets see: of its own the compiler knows every use, and leaves out
    // the checks for exclusive access.
    private var isHandshakeOver = false
    private var isPeerSilent = false
    private var handshakeBytes = 0

    /// The handshake is over: plaintext may be sent.
    package var isEstablished: Bool { isHandshakeOver }
    /// The peer has said that it sends no more.
    package var hasPeerEnded: Bool { isPeerSilent }

    /// A server's end. Its output lies in blocks of the pool.
    package init(
        server context: TLSContext, blocks: OutputBlockPool = OutputBlockPool()
    ) throws(TLSError) {
        self.context = context
        wire = TLSWire(blocks: blocks)
        unsafe session = try Self.makeSession(context, wire)
        unsafe SSL_set_accept_state(session)
    }

    /// A client's end, which wants a certificate for `serverName`, a host or an IP address.
    package init(
        client context: TLSContext, serverName: String, blocks: OutputBlockPool = OutputBlockPool()
    ) throws(TLSError) {
        self.context = context
        wire = TLSWire(blocks: blocks)
        let session = unsafe try Self.makeSession(context, wire)
        guard unsafe Self.expect(serverName, on: session) else {
            unsafe SSL_free(session)
            throw .fromQueue(.session, "no server can have this name")
        }
        unsafe SSL_set_connect_state(session)
        unsafe self.session = session
    }

    private static func makeSession(
        _ context: TLSContext, _ wire: TLSWire
    ) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let session = unsafe SSL_new(context.handle) else {
            throw .fromQueue(.session, "no TLS session")
        }
        guard unsafe wire.attach(to: session) else {
            unsafe SSL_free(session)
            throw .fromQueue(.session, "no TLS session")
        }
        return unsafe session
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
    }

    // MARK: In

    /// Lets a client greet.
    package func begin() throws(TLSError) {
        try shakeHands()
    }

    /// Takes ciphertext, at most `TLSBuffer.ciphertextBytesMax` bytes, and puts what it says into
    /// `plaintext`. What is to be answered waits for `takeCiphertext`, after a throw too.
    ///
    /// - Returns: how many bytes of plaintext.
    package func receive(
        _ ciphertext: Span<UInt8>, into plaintext: TLSBuffer
    ) throws(TLSError) -> Int {
        precondition(
            ciphertext.count <= TLSBuffer.ciphertextBytesMax, "the plaintext has room for it")
        var count = 0
        var offset = 0
        while offset < ciphertext.count, !hasPeerEnded {
            let end = min(offset + Self.pieceBytesMax, ciphertext.count)
            try wire.lending(ciphertext.extracting(offset..<end)) { () throws(TLSError) in
                if !isEstablished {
                    try shakeHands()
                    handshakeBytes += end - offset
                    guard isEstablished || handshakeBytes <= Self.handshakeBytesMax else {
                        throw TLSError(.session, "the TLS handshake is too long")
                    }
                }
                if isEstablished { count = try read(into: plaintext, from: count) }
            }
            offset = end
            guard wire.keyUpdateCount <= Self.keyUpdatesMax else {
                throw TLSError(.session, "the peer announces new keys too often")
            }
            guard wire.words.count <= Self.unsentBytesMax else {
                throw TLSError(.session, "the peer asks for more TLS messages than it reads")
            }
        }
        return count
    }

    private func shakeHands() throws(TLSError) {
        TLSError.emptyQueue()
        let result = unsafe SSL_do_handshake(session)
        if result == 1 {
            guard isHTTP2 else {
                throw TLSError(.session, "the peer does not speak HTTP/2 over TLS")
            }
            isHandshakeOver = true
            return
        }
        if unsafe SSL_get_error(session, result) == SSL_ERROR_WANT_READ { return }
        throw failure("TLS handshake failed")
    }

    private func read(
        into plaintext: TLSBuffer, from start: Int
    ) throws(TLSError) -> Int {
        var count = start
        while true {
            TLSError.emptyQueue()
            precondition(count < TLSBuffer.bytesMax, "a record's plaintext is no longer than it")
            var got = 0
            let result = unsafe SSL_read_ex(
                session, plaintext.base + count, TLSBuffer.bytesMax - count, &got)
            if result == 1 {
                count += got
                // One more question would only be told that there is nothing left.
                if !wire.hasInput, unsafe SSL_has_pending(session) == 0 { return count }
                continue
            }
            switch unsafe SSL_get_error(session, result) {
            case SSL_ERROR_WANT_READ: return count
            case SSL_ERROR_ZERO_RETURN:
                isPeerSilent = true
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

    /// Encrypts `plaintext`, in records, which wait for `takeCiphertext`.
    package func encrypt(_ plaintext: Span<UInt8>) throws(TLSError) {
        precondition(isEstablished, "nothing is sent before the handshake is over")
        guard !plaintext.isEmpty else { return }
        try wire.encrypting { () throws(TLSError) in
            TLSError.emptyQueue()
            var written = 0
            let result = unsafe plaintext.withUnsafeBufferPointer {
                unsafe SSL_write_ex(session, $0.baseAddress, $0.count, &written)
            }
            guard result == 1, written == plaintext.count else { throw failure("TLS failed") }
        }
    }

    /// Whether there is something to take without encrypting: handshakes, alerts.
    package var hasWords: Bool { !wire.words.isEmpty }

    /// Gives out all ciphertext there is.
    package func takeCiphertext(_ emit: (Span<UInt8>) -> Void) throws(TLSError) {
        try wire.releaseWords()
        wire.output.take(emit)
    }

    /// Says that nothing more will be sent; the words are taken with `takeCiphertext`.
    package func end() {
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
