/// Asks a server to let its clients go.
package struct DrainRequest: MergedMessage {
    /// How long to go on serving after health checks fail.
    package var graceMillis: UInt32 = 0
    /// Give up on calls that still run after this.
    package var timeoutMillis: UInt32 = 0
    /// Stop the process afterwards.
    package var shutdown = false

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): graceMillis = try reader.uint32()
            case .varint(2): timeoutMillis = try reader.uint32()
            case .varint(3): shutdown = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, UInt64(graceMillis))
        writer.uint(2, UInt64(timeoutMillis))
        writer.bool(3, shutdown)
    }
}

/// What is still to go.
package struct DrainResponse: MergedMessage {
    package var callsInFlight: UInt64 = 0
    package var connections: UInt32 = 0
    package var done = false

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): callsInFlight = try reader.varint()
            case .varint(2): connections = try reader.uint32()
            case .varint(3): done = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, callsInFlight)
        writer.uint(2, UInt64(connections))
        writer.bool(3, done)
    }
}
