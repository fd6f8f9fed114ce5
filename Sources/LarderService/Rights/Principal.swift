package import LarderGRPC

/// Who calls, as far as it matters: what it may do.
package struct Principal: Sendable, Equatable {
    package let role: Role
    package let groups: Set<MethodGroup>
    /// Nil: all.
    package let namespaces: Set<String>?

    package init(
        role: Role, groups: Set<MethodGroup> = Set(MethodGroup.allCases),
        namespaces: Set<String>? = nil
    ) {
        self.role = role
        self.groups = groups
        self.namespaces = namespaces
    }

    /// Why it may not call the method; nil when it may.
    package func refusal(of method: Method) -> Status? {
        switch method.access {
        case .open: nil
        case .needs(let role, let group):
            if self.role < role {
                Refusal.roleMissing(method, role).status
            } else if !groups.contains(group) {
                Refusal.groupMissing(method, group).status
            } else if group != .schema, !mayUseDefaultNamespace {
                Refusal.namespaceForbidden(method).status
            } else {
                nil
            }
        }
    }

    // All methods work on it: there is no other.
    private var mayUseDefaultNamespace: Bool { namespaces?.contains("default") ?? true }
}

extension Refusal {
    static func roleMissing(_ method: Method, _ role: Role) -> Refusal {
        Refusal(
            .permissionDenied, "ROLE_MISSING", "\(method.fullName) needs the role \(role.rawValue)",
            metadata: [(key: "role", value: role.rawValue)])
    }

    static func groupMissing(_ method: Method, _ group: MethodGroup) -> Refusal {
        Refusal(
            .permissionDenied, "METHOD_FORBIDDEN",
            "\(method.fullName) needs the method group \(group.rawValue)",
            metadata: [(key: "group", value: group.rawValue)])
    }

    static func namespaceForbidden(_ method: Method) -> Refusal {
        Refusal(
            .permissionDenied, "NAMESPACE_FORBIDDEN",
            "\(method.fullName) needs the right to the namespace \"default\"")
    }

    /// No credentials came, and some are needed.
    package static var credentialsMissing: Refusal {
        Refusal(
            .unauthenticated, "CREDENTIALS_MISSING",
            "this server needs credentials: authorization: Bearer and a token")
    }

    /// Credentials came that are none of this server's, whatever is wrong with them.
    package static var credentialsUnknown: Refusal {
        Refusal(
            .unauthenticated, "CREDENTIALS_UNKNOWN", "the credentials are not known to this server")
    }
}
