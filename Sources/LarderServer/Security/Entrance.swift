package import LarderIO
package import LarderService
import Synchronization

/// A server's TLS context, which may be exchanged while it runs: new connections get the newer.
package final class TLSStore: Sendable {
    private let context: Mutex<TLSContext>

    package init(_ context: TLSContext) {
        self.context = Mutex(context)
    }

    package var current: TLSContext {
        get { context.withLock { $0 } }
        set { context.withLock { $0 = newValue } }
    }
}

/// What the connections that come in at one address get: TLS or none, and the rights of those who
/// show no token.
package struct Entrance: Sendable {
    let tls: TLSStore?
    let credentials: CredentialStore?
    /// Rights of a caller without a token; nil: none. Of a caller with a certificate they are the
    /// certificate's.
    let anonymous: Principal?
    /// Of a certificate that names no role.
    let certificateRole: Role?

    /// Everyone who comes in may do everything, in cleartext.
    package static let open = Entrance(
        tls: nil, credentials: nil, anonymous: Principal(role: .admin), certificateRole: nil)

    package init(
        tls: TLSStore?, credentials: CredentialStore?, anonymous: Principal?,
        certificateRole: Role? = nil
    ) {
        self.tls = tls
        self.credentials = credentials
        self.anonymous = anonymous
        self.certificateRole = certificateRole
    }

    /// What decides about the calls of a connection; nil if nothing is forbidden to anybody.
    func makeGate() -> CallGate? {
        if let anonymous, anonymous == Principal(role: .admin), credentials == nil { return nil }
        return CallGate(credentials, principal: anonymous)
    }

    private static let roleURI = "larder:role:"

    /// The rights that a client's certificate gives: the highest of the roles that its URIs name.
    package func principal(certificateURIs uris: [String]) -> Principal? {
        let named = uris.compactMap { uri in
            uri.hasPrefix(Self.roleURI)
                ? Role(rawValue: String(uri.dropFirst(Self.roleURI.count))) : nil
        }
        guard let role = named.max() ?? certificateRole else { return anonymous }
        return Principal(role: role)
    }
}
