/// One .proto file as reflection serves it, and the names that it declares.
package struct DescriptorFile: Sendable {
    /// As other files import it: "larder/v1/cache.proto".
    package private(set) var name = ""
    /// The serialized `FileDescriptorProto`.
    package let bytes: [UInt8]
    /// The names of the files that it imports itself.
    package private(set) var dependencies: [String] = []
    /// Its services, with the package.
    package private(set) var services: [String] = []
    /// Everything that it declares, with the package: services, methods, messages, fields, oneofs,
    /// enums and their values.
    package private(set) var symbols: [String] = []

    /// Reads as much of a `FileDescriptorProto` as there are names in it.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        self.bytes = bytes
        // The package may come after what lies in it.
        var package = ""
        var header = WireReader(bytes.span)
        while let tag = try header.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try header.stringField())
            case .bytes(2): package = String(utf8: try header.stringField())
            case .bytes(3): dependencies.append(String(utf8: try header.stringField()))
            default: try header.skip(tag)
            }
        }
        var reader = WireReader(bytes.span)
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(4): try readMessage(&reader, scope: package)
            case .bytes(5): try readEnum(&reader, scope: package)
            case .bytes(6): try readService(&reader, scope: package)
            case .bytes(7): try readNamed(&reader, scope: package)
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func readService(
        _ outer: inout WireReader, scope: String
    ) throws(WireError) {
        let service = try declare(outer, scope: scope)
        services.append(service)
        var reader = try outer.messageField()
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(2): try readNamed(&reader, scope: service)
            default: try reader.skip(tag)
            }
        }
    }

    // Recurses as deep as messages are nested in each other, which the reader bounds.
    private mutating func readMessage(
        _ outer: inout WireReader, scope: String
    ) throws(WireError) {
        let message = try declare(outer, scope: scope)
        var reader = try outer.messageField()
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(2), .bytes(6), .bytes(8): try readNamed(&reader, scope: message)
            case .bytes(3): try readMessage(&reader, scope: message)
            case .bytes(4): try readEnum(&reader, scope: message)
            default: try reader.skip(tag)
            }
        }
    }

    // The values of an enum are named beside it, not inside.
    private mutating func readEnum(_ outer: inout WireReader, scope: String) throws(WireError) {
        _ = try declare(outer, scope: scope)
        var reader = try outer.messageField()
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(2): try readNamed(&reader, scope: scope)
            default: try reader.skip(tag)
            }
        }
    }

    // A declaration of which only the name counts: a field, a oneof, a method, an enum's value.
    private mutating func readNamed(_ outer: inout WireReader, scope: String) throws(WireError) {
        _ = try declare(outer, scope: scope)
        _ = try outer.bytesField()
    }

    // Every descriptor has its name in field 1; `outer` stays before the descriptor.
    private mutating func declare(
        _ outer: borrowing WireReader, scope: String
    ) throws(WireError) -> String {
        var ahead = WireReader(outer.rest)
        var reader = try ahead.messageField()
        var name = ""
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
        let symbol = scope.isEmpty ? name : "\(scope).\(name)"
        symbols.append(symbol)
        return symbol
    }
}
