/// The counters of one method.
package struct MethodStats: MergedMessage {
    /// "larder.v1.CacheService/Get"
    package var method = ""
    package var calls: UInt64 = 0
    package var errors: UInt64 = 0
    package var requestBytes: UInt64 = 0
    package var responseBytes: UInt64 = 0
    package var p50Micros: UInt64 = 0
    package var p99Micros: UInt64 = 0
    package var p999Micros: UInt64 = 0

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): method = String(utf8: try reader.stringField())
            case .varint(2): calls = try reader.varint()
            case .varint(3): errors = try reader.varint()
            case .varint(4): requestBytes = try reader.varint()
            case .varint(5): responseBytes = try reader.varint()
            case .varint(6): p50Micros = try reader.varint()
            case .varint(7): p99Micros = try reader.varint()
            case .varint(8): p999Micros = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, method)
        writer.uint(2, calls)
        writer.uint(3, errors)
        writer.uint(4, requestBytes)
        writer.uint(5, responseBytes)
        writer.uint(6, p50Micros)
        writer.uint(7, p99Micros)
        writer.uint(8, p999Micros)
    }
}
