/// What a caller may do: each role may all that those before it may.
package enum Role: String, Sendable, CaseIterable, Comparable {
    /// Reads items, and exports them.
    case read
    /// Writes and deletes too.
    case write
    /// Runs the server: AdminService.
    case admin

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .admin: 2
        }
    }

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

/// Methods that are given to a caller together.
package enum MethodGroup: String, Sendable, CaseIterable {
    /// One item or a batch at a time.
    case items
    /// Loads and exports.
    case bulk
    /// Reflection.
    case schema
    case admin
}

/// What a method asks of its callers.
package enum MethodAccess: Sendable, Equatable {
    /// Nothing: health checks have no credentials.
    case open
    case needs(Role, MethodGroup)

    init(_ handler: Method.Handler, service: StaticString) {
        switch handler {
        case .healthCheck, .healthWatch, .healthList: self = .open
        case .get, .batchGet, .getLimits: self = .needs(.read, .items)
        // A pipeline may write: who may only read has no use of one.
        case .set, .delete, .pipeline: self = .needs(.write, .items)
        case .bulkLoad: self = .needs(.write, .bulk)
        case .export: self = .needs(.read, .bulk)
        case .reflection: self = .needs(.read, .schema)
        case .getStats, .listNamespaces, .flushNamespace, .getConfig, .updateConfig, .drain:
            self = .needs(.admin, .admin)
        case .further: self = .needs(.write, .items)
        case .notServed:
            // Whoever may not call it is not told whether it is served.
            let isAdmin = "\(service)".hasPrefix("larder.v1.AdminService/")
            self = isAdmin ? .needs(.admin, .admin) : .needs(.read, .items)
        }
    }
}
