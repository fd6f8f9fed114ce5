/// A message that owns its fields.
///
/// Two decodes into one value follow the rules for a message field that comes twice: scalars of
/// the second win, repeated fields append.
package protocol WireMessage: Equatable, Sendable {
    init()

    /// Reads a whole message.
    init(decoding bytes: Span<UInt8>) throws(WireError)

    /// Appends the message: fields in the order of their numbers, defaults left out.
    func encode(into writer: inout WireWriter)
}

extension WireMessage {
    /// The message as bytes of its own.
    package func encoded() -> [UInt8] {
        var writer = WireWriter()
        encode(into: &writer)
        return writer.array
    }
}

/// A message that is decoded straight into its own fields, over those that are there.
package protocol MergedMessage: WireMessage {
    mutating func merge(_ reader: inout WireReader) throws(WireError)
}

extension MergedMessage {
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init()
        var reader = WireReader(bytes)
        try merge(&reader)
    }

    /// Reads the embedded message that `reader` stands before.
    mutating func merge(fieldOf reader: inout WireReader) throws(WireError) {
        var inner = try reader.messageField()
        try merge(&inner)
    }
}
