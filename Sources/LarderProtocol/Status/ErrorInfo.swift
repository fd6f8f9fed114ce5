/// The google.rpc.ErrorInfo that every status but OK carries: why, in words for programs.
package struct ErrorInfo: MergedMessage {
    /// One more fact about the error.
    package struct Fact: WireMapEntry, Equatable, Sendable {
        package var key: String
        package var value: String

        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }

        init() { self.init(key: "", value: "") }

        mutating func merge(_ reader: inout WireReader) throws(WireError) {
            while let tag = try reader.nextTag() {
                switch tag {
                case .bytes(1): key = String(utf8: try reader.stringField())
                case .bytes(2): value = String(utf8: try reader.stringField())
                default: try reader.skip(tag)
                }
            }
        }

        func encode(into writer: inout WireWriter) {
            writer.string(1, always: key)
            writer.string(2, always: value)
        }
    }

    /// How an `Any` names this message.
    package static let typeURL = "type.googleapis.com/google.rpc.ErrorInfo"

    /// UPPER_SNAKE, at most 63 characters.
    package var reason: String
    package var domain: String
    /// Decoded: sorted by key, and each key is there once.
    package var metadata: [Fact]

    package init() { self.init(reason: "", domain: "") }

    package init(reason: String, domain: String, metadata: [Fact] = []) {
        self.reason = reason
        self.domain = domain
        self.metadata = metadata
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): reason = String(utf8: try reader.stringField())
            case .bytes(2): domain = String(utf8: try reader.stringField())
            case .bytes(3): metadata.append(try Fact(mapEntryOf: &reader))
            default: try reader.skip(tag)
            }
        }
        metadata.keepLastOfEachKey()
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, reason)
        writer.string(2, domain)
        for fact in metadata { writer.message(3) { output in fact.encode(into: &output) } }
    }
}
