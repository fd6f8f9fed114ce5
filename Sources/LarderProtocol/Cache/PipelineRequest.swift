/// Operations to be done one after the other.
package struct PipelineRequest: WireMessage {
    package var operations: [Operation]

    package init() { self.init([]) }

    package init(_ operations: [Operation]) { self.operations = operations }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init()
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var inner = try reader.messageField()
                operations.append(try Operation(&inner))
            default: try reader.skip(tag)
            }
        }
    }

    /// The operations of an encoded request as they lie there, undecoded.
    @_lifetime(copy bytes)
    package static func operations(in bytes: Span<UInt8>) -> FieldIterator {
        FieldIterator(bytes, number: 1)
    }

    package func encode(into writer: inout WireWriter) {
        for operation in operations {
            writer.message(1) { output in operation.encode(into: &output) }
        }
    }
}
