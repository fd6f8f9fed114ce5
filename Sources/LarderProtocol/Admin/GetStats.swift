/// Asks for the counters of a server.
package struct GetStatsRequest: MergedMessage {
    /// Empty: all.
    package var namespace = ""

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): namespace = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, namespace)
    }
}

/// The counters and gauges of a server.
package struct GetStatsResponse: MergedMessage {
    package var serverVersion = ""
    package var nodeID = ""
    package var uptimeMillis: UInt64 = 0
    package var budgetBytes: UInt64 = 0
    package var usedBytes: UInt64 = 0
    /// What the operating system says the process holds.
    package var residentBytes: UInt64 = 0
    package var connections: UInt32 = 0
    package var callsInFlight: UInt64 = 0
    package var waiters: UInt64 = 0
    package var namespaces: [NamespaceStats] = []
    package var methods: [MethodStats] = []
    package var defences: [DefenceStats] = []

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): serverVersion = String(utf8: try reader.stringField())
            case .bytes(2): nodeID = String(utf8: try reader.stringField())
            case .varint(3): uptimeMillis = try reader.varint()
            case .varint(4): budgetBytes = try reader.varint()
            case .varint(5): usedBytes = try reader.varint()
            case .varint(6): residentBytes = try reader.varint()
            case .varint(7): connections = try reader.uint32()
            case .varint(8): callsInFlight = try reader.varint()
            case .varint(9): waiters = try reader.varint()
            case .bytes(10):
                var element = NamespaceStats()
                try element.merge(fieldOf: &reader)
                namespaces.append(element)
            case .bytes(11):
                var element = MethodStats()
                try element.merge(fieldOf: &reader)
                methods.append(element)
            case .bytes(12):
                var element = DefenceStats()
                try element.merge(fieldOf: &reader)
                defences.append(element)
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, serverVersion)
        writer.string(2, nodeID)
        writer.uint(3, uptimeMillis)
        writer.uint(4, budgetBytes)
        writer.uint(5, usedBytes)
        writer.uint(6, residentBytes)
        writer.uint(7, UInt64(connections))
        writer.uint(8, callsInFlight)
        writer.uint(9, waiters)
        for element in namespaces {
            writer.message(10) { output in element.encode(into: &output) }
        }
        for element in methods {
            writer.message(11) { output in element.encode(into: &output) }
        }
        for element in defences {
            writer.message(12) { output in element.encode(into: &output) }
        }
    }
}
