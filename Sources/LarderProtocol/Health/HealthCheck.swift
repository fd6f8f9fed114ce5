/// Asks grpc.health.v1 about one service, or about the server when the name is empty.
package struct HealthCheckRequest: MergedMessage {
    package var service: String

    package init() { self.init(service: "") }

    package init(service: String) { self.service = service }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): service = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, service)
    }
}

/// Whether a service takes calls.
package struct ServingStatus: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unknown = ServingStatus(rawValue: 0)
    package static let serving = ServingStatus(rawValue: 1)
    package static let notServing = ServingStatus(rawValue: 2)
    /// Used by Watch only: there is no such service, or not yet.
    package static let serviceUnknown = ServingStatus(rawValue: 3)
}

/// How one service is.
package struct HealthCheckResponse: MergedMessage {
    package var status: ServingStatus

    package init() { self.init(status: .unknown) }

    package init(status: ServingStatus) { self.status = status }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): status = ServingStatus(rawValue: try reader.int32())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.int32(1, status.rawValue)
    }
}
