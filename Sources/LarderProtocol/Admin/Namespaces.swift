/// A namespace and its bounds: the message `Namespace`.
package struct NamespaceInfo: MergedMessage {
    package var name = ""
    package var reservedBytes: UInt64 = 0
    /// 0: the server's budget.
    package var maxBytes: UInt64 = 0
    package var maxEntries: UInt64 = 0
    package var maxValueBytes: UInt64 = 0
    package var protectedBytes: UInt64 = 0
    package var defaultTTLMillis: UInt64 = 0
    package var maxTTLMillis: UInt64 = 0
    package var ttlJitterPermille: UInt32 = 0
    package var defaultLeaseMillis: UInt32 = 0
    package var noEviction = false

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try reader.stringField())
            case .varint(2): reservedBytes = try reader.varint()
            case .varint(3): maxBytes = try reader.varint()
            case .varint(4): maxEntries = try reader.varint()
            case .varint(5): maxValueBytes = try reader.varint()
            case .varint(6): protectedBytes = try reader.varint()
            case .varint(7): defaultTTLMillis = try reader.varint()
            case .varint(8): maxTTLMillis = try reader.varint()
            case .varint(9): ttlJitterPermille = try reader.uint32()
            case .varint(10): defaultLeaseMillis = try reader.uint32()
            case .varint(11): noEviction = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, name)
        writer.uint(2, reservedBytes)
        writer.uint(3, maxBytes)
        writer.uint(4, maxEntries)
        writer.uint(5, maxValueBytes)
        writer.uint(6, protectedBytes)
        writer.uint(7, defaultTTLMillis)
        writer.uint(8, maxTTLMillis)
        writer.uint(9, UInt64(ttlJitterPermille))
        writer.uint(10, UInt64(defaultLeaseMillis))
        writer.bool(11, noEviction)
    }
}

/// Asks for the namespaces, page by page.
package struct ListNamespacesRequest: MergedMessage {
    package var pageSize: UInt32 = 0
    package var pageToken = ""

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): pageSize = try reader.uint32()
            case .bytes(2): pageToken = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, UInt64(pageSize))
        writer.string(2, pageToken)
    }
}

/// A page of namespaces.
package struct ListNamespacesResponse: MergedMessage {
    package var namespaces: [NamespaceInfo] = []
    package var nextPageToken = ""

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var element = NamespaceInfo()
                try element.merge(fieldOf: &reader)
                namespaces.append(element)
            case .bytes(2): nextPageToken = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        for element in namespaces {
            writer.message(1) { output in element.encode(into: &output) }
        }
        writer.string(2, nextPageToken)
    }
}

/// Asks for the removal of all items of a namespace.
package struct FlushNamespaceRequest: MergedMessage {
    package var name = ""

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, name)
    }
}

/// How many items went.
package struct FlushNamespaceResponse: MergedMessage {
    package var removedEntries: UInt64 = 0

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): removedEntries = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, removedEntries)
    }
}
