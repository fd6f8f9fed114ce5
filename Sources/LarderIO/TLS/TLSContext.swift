import COpenSSL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Certificates, keys and rules that sessions are made from: those of a server, or of a client.
///
/// Always HTTP/2 (ALPN `h2`), without renegotiation, compression or early data.
// Nothing is changed after `init`, and OpenSSL makes sessions from one context on any thread.
@safe
package final class TLSContext: @unchecked Sendable {
    package enum Version: Sendable, Equatable {
        case tls12, tls13
    }

    private enum Role { case server, client }

    let handle: OpaquePointer

    // With TLS 1.2: forward secrecy and AEAD. Those of TLS 1.3 are all of that kind.
    private static let cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20"
    private static let h2: [UInt8] = [2, UInt8(ascii: "h"), UInt8(ascii: "2")]

    private init(_ role: Role, minVersion: Version) throws(TLSError) {
        let method = role == .server ? unsafe TLS_server_method() : unsafe TLS_client_method()
        guard let made = unsafe SSL_CTX_new(method) else {
            throw .fromQueue(.session, "no TLS context")
        }
        unsafe handle = made
        let version = minVersion == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
        guard unsafe larder_tls_set_min_version(handle, Int32(version)) == 1,
            unsafe SSL_CTX_set_cipher_list(handle, Self.cipherList) == 1
        else { throw .fromQueue(.session, "no TLS version") }
        unsafe larder_tls_set_options(handle)
        unsafe larder_tls_disable_session_cache(handle)
        // An encrypted key is an error, not a question on the terminal.
        unsafe SSL_CTX_set_default_passwd_cb(handle) { _, _, _, _ in 0 }
    }

    deinit {
        unsafe SSL_CTX_free(handle)
    }

    // MARK: Servers

    /// A server with the certificate chain and the key in two PEM files. With a
    /// `clientAuthority`, clients need a certificate that it has signed.
    package static func server(
        certificate: String, key: String, clientAuthority: String?, minVersion: Version
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(.server, minVersion: minVersion)
        try context.use(certificate: certificate, key: key)
        context.requireHTTP2()
        let name = Array("larder".utf8)
        unsafe SSL_CTX_set_session_id_context(context.handle, name, UInt32(name.count))
        if let clientAuthority {
            try context.trust(clientAuthority)
            if let names = unsafe SSL_load_client_CA_file(clientAuthority) {
                unsafe SSL_CTX_set_client_CA_list(context.handle, names)
            }
            let mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            unsafe SSL_CTX_set_verify(context.handle, mode, nil)
        }
        return context
    }

    /// A client that does not offer HTTP/2 is told so while it still greets: whether it names
    /// other protocols or none.
    private func requireHTTP2() {
        unsafe SSL_CTX_set_client_hello_cb(
            handle,
            { session, alert, _ in
                var bytes: UnsafePointer<UInt8>?
                var count = 0
                let type = UInt32(TLSEXT_TYPE_application_layer_protocol_negotiation)
                if unsafe SSL_client_hello_get0_ext(session, type, &bytes, &count) == 1 {
                    return SSL_CLIENT_HELLO_SUCCESS
                }
                unsafe alert?.pointee = SSL_AD_NO_APPLICATION_PROTOCOL
                return SSL_CLIENT_HELLO_ERROR
            }, nil)
        unsafe SSL_CTX_set_alpn_select_cb(
            handle,
            { _, chosen, chosenCount, offered, offeredCount, _ in
                guard let offered = unsafe offered, let chosen = unsafe chosen,
                    let chosenCount = unsafe chosenCount
                else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                let list = unsafe Span(_unsafeStart: offered, count: Int(offeredCount))
                guard let offset = TLSContext.offsetOfHTTP2(in: list) else {
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                unsafe chosen.pointee = offered + offset
                unsafe chosenCount.pointee = 2
                return SSL_TLSEXT_ERR_OK
            }, nil)
    }

    /// Where "h2" stands in such a list.
    static func offsetOfHTTP2(in list: Span<UInt8>) -> Int? {
        var offset = 0
        while offset < list.count {
            let end = offset + 1 + Int(list[offset])
            guard end <= list.count else { return nil }
            if end - offset == h2.count, list[offset + 1] == h2[1], list[offset + 2] == h2[2] {
                return offset + 1
            }
            offset = end
        }
        return nil
    }

    /// Whether "h2" is in a list of names, each behind a byte that tells its length.
    package static func offersHTTP2(_ list: Span<UInt8>) -> Bool { offsetOfHTTP2(in: list) != nil }

    // MARK: Clients

    /// A client that trusts `authority`, or the system's authorities, and shows a certificate of
    /// its own if it has one.
    package static func client(
        authority: String?, certificate: String?, key: String?
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(.client, minVersion: .tls12)
        if let authority {
            try context.trust(authority)
        } else {
            unsafe SSL_CTX_set_default_verify_paths(context.handle)
        }
        if let certificate { try context.use(certificate: certificate, key: key ?? certificate) }
        unsafe SSL_CTX_set_verify(context.handle, SSL_VERIFY_PEER, nil)
        unsafe SSL_CTX_set_alpn_protos(context.handle, h2, UInt32(h2.count))
        return context
    }

    // MARK: Files

    private func use(certificate: String, key: String) throws(TLSError) {
        try Self.checkReadable(certificate, .certificate)
        try Self.checkReadable(key, .key)
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate_chain_file(handle, certificate) == 1 else {
            throw .fromQueue(.certificate, "is no certificate in PEM")
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(handle, key, SSL_FILETYPE_PEM) == 1 else {
            throw .fromQueue(.key, "is no private key in PEM that fits the certificate")
        }
        guard unsafe SSL_CTX_check_private_key(handle) == 1 else {
            throw .fromQueue(.key, "does not fit the certificate")
        }
    }

    private func trust(_ authority: String) throws(TLSError) {
        try Self.checkReadable(authority, .authority)
        ERR_clear_error()
        guard unsafe SSL_CTX_load_verify_file(handle, authority) == 1 else {
            throw .fromQueue(.authority, "holds no certificate in PEM")
        }
    }

    // OpenSSL's words for a missing file are about itself.
    private static func checkReadable(_ path: String, _ part: TLSError.Part) throws(TLSError) {
        guard let file = unsafe fopen(path, "re") else {
            let error = IOError(errno: errno)
            throw TLSError(part, "can't be read: \(error.message)")
        }
        unsafe fclose(file)
    }
}
