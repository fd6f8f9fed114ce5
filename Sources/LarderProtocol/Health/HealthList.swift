/// Asks for all services: a message without fields.
package struct HealthListRequest: MergedMessage {
    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() { try reader.skip(tag) }
    }

    package func encode(into writer: inout WireWriter) {}
}

/// How all services are: a map from the name to the response of a Check.
package struct HealthListResponse: MergedMessage {
    /// One service and how it is.
    package struct Service: WireMapEntry, Equatable, Sendable {
        package var name: String
        package var response: HealthCheckResponse

        package init(name: String, status: ServingStatus) {
            self.name = name
            response = HealthCheckResponse(status: status)
        }

        var key: String { name }

        init() { self.init(name: "", status: .unknown) }

        mutating func merge(_ reader: inout WireReader) throws(WireError) {
            while let tag = try reader.nextTag() {
                switch tag {
                case .bytes(1): name = String(utf8: try reader.stringField())
                case .bytes(2): try response.merge(fieldOf: &reader)
                default: try reader.skip(tag)
                }
            }
        }

        func encode(into writer: inout WireWriter) {
            writer.string(1, always: name)
            writer.message(2) { output in response.encode(into: &output) }
        }
    }

    /// Decoded: sorted by name, and each name is there once.
    package var services: [Service]

    package init() { self.init(services: []) }

    package init(services: [Service]) { self.services = services }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): services.append(try Service(mapEntryOf: &reader))
            default: try reader.skip(tag)
            }
        }
        services.keepLastOfEachKey()
    }

    package func encode(into writer: inout WireWriter) {
        for service in services {
            writer.message(1) { output in service.encode(into: &output) }
        }
    }
}
