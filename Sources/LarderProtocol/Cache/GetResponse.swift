/// All of a `GetResponse` but the value's bytes, which come last on the wire: the server writes
/// the head and then the value from where it lies.
package struct GetResponseHead: Equatable, Sendable {
    package var outcome: GetOutcome
    /// Never 0 for a hit.
    package var version: UInt64
    package var flags: UInt32
    /// What is left of the time to live. nil: the item does not expire.
    package var ttlMillis: UInt64?
    /// The length of the whole value, also when it is not sent.
    package var valueBytes: UInt64
    package var stale: Bool
    package var leaseToken: UInt64
    /// How long a near cache may keep the value. 0: the key is not hot.
    package var nearMillis: UInt32
    /// How long ago the item was written.
    package var ageMillis: UInt64

    package init(
        outcome: GetOutcome = .unspecified, version: UInt64 = 0, flags: UInt32 = 0,
        ttlMillis: UInt64? = nil, valueBytes: UInt64 = 0, stale: Bool = false,
        leaseToken: UInt64 = 0, nearMillis: UInt32 = 0, ageMillis: UInt64 = 0
    ) {
        self.outcome = outcome
        self.version = version
        self.flags = flags
        self.ttlMillis = ttlMillis
        self.valueBytes = valueBytes
        self.stale = stale
        self.leaseToken = leaseToken
        self.nearMillis = nearMillis
        self.ageMillis = ageMillis
    }

    // Nine fields and the header of the value, each a tag and a varint.
    private static let bytesMax = 10 * (1 + 10) + GetResponsePlace.bytesMax

    /// Appends the head alone: an answer without a value.
    package func encode(into writer: inout WireWriter, _ place: GetResponsePlace = .message) {
        encode(into: &writer, place, tailBytes: 0)
    }

    /// Appends the head and a copy of the value.
    package func encode(
        into writer: inout WireWriter, _ place: GetResponsePlace = .message, value: Span<UInt8>
    ) {
        writer.fields(bytesMax: Self.bytesMax &+ value.count) { output, start in
            let first = place.put(into: &output, at: start)
            let end = put(into: &output, at: first, valueCount: value.count)
            return output.putBytes(value, at: end)
        }
    }

    /// Appends the head and, if there are any, the header of a value's `tailBytes` bytes, which are
    /// the caller's to send next.
    package func encode(
        into writer: inout WireWriter, _ place: GetResponsePlace = .message, tailBytes: Int
    ) {
        writer.fields(bytesMax: Self.bytesMax) { output, start in
            let first = place.put(into: &output, at: start)
            return put(into: &output, at: first, valueCount: tailBytes)
        }
    }

    /// - Returns: where the value goes.
    @inline(__always)
    private func put(
        into output: inout MutableSpan<UInt8>, at start: Int, valueCount: Int
    ) -> Int {
        var end = output.putUInt(1, UInt64(bitPattern: Int64(outcome.rawValue)), at: start)
        end = output.putUInt(2, version, at: end)
        end = output.putUInt(3, UInt64(flags), at: end)
        if let ttlMillis { end = output.putField(.varint(4), ttlMillis, at: end) }
        end = output.putUInt(5, valueBytes, at: end)
        end = output.putUInt(6, stale ? 1 : 0, at: end)
        end = output.putUInt(7, leaseToken, at: end)
        end = output.putUInt(8, UInt64(nearMillis), at: end)
        end = output.putUInt(9, ageMillis, at: end)
        return valueCount > 0 ? output.putField(.bytes(15), UInt64(valueCount), at: end) : end
    }

    /// How long the message is together with a value of `valueCount` bytes.
    package func encodedBytes(valueCount: Int) -> Int {
        WireWriter.uintBytes(1, UInt64(bitPattern: Int64(outcome.rawValue)))
            + WireWriter.uintBytes(2, version) + WireWriter.uintBytes(3, UInt64(flags))
            + (ttlMillis.map { ttl in WireWriter.uintBytes(4, always: ttl) } ?? 0)
            + WireWriter.uintBytes(5, valueBytes) + (stale ? 2 : 0)
            + WireWriter.uintBytes(7, leaseToken) + WireWriter.uintBytes(8, UInt64(nearMillis))
            + WireWriter.uintBytes(9, ageMillis)
            + WireWriter.bytesFieldBytes(15, count: valueCount)
    }
}

/// A `GetResponse` as it lies in the receive buffer.
package struct GetResponseView: ~Escapable {
    package private(set) var head = GetResponseHead()
    package private(set) var value: Span<UInt8>

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init()
        var reader = WireReader(bytes)
        try merge(&reader)
    }

    @_lifetime(immortal)
    init() { value = Span() }

    @_lifetime(self: copy self, copy reader)
    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): head.outcome = GetOutcome(rawValue: try reader.int32())
            case .varint(2): head.version = try reader.varint()
            case .varint(3): head.flags = try reader.uint32()
            case .varint(4): head.ttlMillis = try reader.varint()
            case .varint(5): head.valueBytes = try reader.varint()
            case .varint(6): head.stale = try reader.bool()
            case .varint(7): head.leaseToken = try reader.varint()
            case .varint(8): head.nearMillis = try reader.uint32()
            case .varint(9): head.ageMillis = try reader.varint()
            case .bytes(15): value = try reader.bytesField()
            default: try reader.skip(tag)
            }
        }
    }
}

/// The answer to a Get, and to each key of a BatchGet.
package struct GetResponse: WireMessage {
    package var head: GetResponseHead
    package var value: [UInt8]

    package init() { self.init(head: GetResponseHead()) }

    package init(head: GetResponseHead, value: [UInt8] = []) {
        self.head = head
        self.value = value
    }

    package init(_ view: borrowing GetResponseView) {
        self.init(head: view.head, value: [UInt8](copy: view.value))
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init(try GetResponseView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        head.encode(into: &writer, value: value.span)
    }
}
