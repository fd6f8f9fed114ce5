package import LarderIO
package import LarderService

/// The oldest TLS that clients may speak.
package enum TLSVersionChoice: String, CaseIterable, Sendable {
    case tls12 = "1.2"
    case tls13 = "1.3"

    package var version: TLSContext.Version {
        switch self {
        case .tls12: .tls12
        case .tls13: .tls13
        }
    }
}

/// The role of a client whose certificate names none.
package enum ClientRoleChoice: String, CaseIterable, Sendable {
    case none, read, write, admin

    package var role: Role? {
        switch self {
        case .none: nil
        case .read: .read
        case .write: .write
        case .admin: .admin
        }
    }
}
