/// How often the server has acted against peers that ask too much.
package struct DefenceStats: MergedMessage {
    /// As in the log: "reset_flood".
    package var name = ""
    package var count: UInt64 = 0

    package init() {}

    package init(name: String, count: UInt64) {
        self.name = name
        self.count = count
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try reader.stringField())
            case .varint(2): count = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, name)
        writer.uint(2, count)
    }
}
