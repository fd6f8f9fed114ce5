/// Reads one protobuf message, field by field, out of borrowed bytes.
///
/// A decoder asks for tags until there are none, takes the value of every field it knows and
/// skips the others:
///
///     while let tag = try reader.nextTag() {
///         switch tag {
///         case .bytes(1): key = try reader.bytesField()
///         case .varint(3): version = try reader.varint()
///         default: try reader.skip(tag)
///         }
///     }
///
/// Nothing is allocated, and no input makes it trap: every length is compared with what is left
/// before it is used.
package struct WireReader: ~Copyable, ~Escapable {
    /// How deep messages and groups may lie in each other.
    package static let depthMax = 100

    /// The longest field that protobuf knows, in bytes.
    static let lengthMax: UInt64 = 0x7FFF_FFFF

    private let bytes: Span<UInt8>
    /// Where the next byte is read.
    package private(set) var offset = 0
    private let depthLeft: Int

    /// A reader of a whole message.
    @inline(__always)
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        depthLeft = Self.depthMax
    }

    @inline(__always)
    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>, depthLeft: Int) {
        self.bytes = bytes
        self.depthLeft = depthLeft
    }

    /// Whether everything is read.
    package var isAtEnd: Bool { offset >= bytes.count }

    /// The next field's tag; nil at the end of the message.
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func nextTag() throws(WireError) -> WireTag? {
        guard offset < bytes.count else { return nil }
        let first = bytes[offset]
        guard first >= 0x80 else {
            offset &+= 1
            return try WireTag(rawValue: UInt32(first))
        }
        return try longTag()
    }

    @inline(never)
    @_lifetime(self: copy self)
    private mutating func longTag() throws(WireError) -> WireTag {
        let raw = try varint(bytesMax: 5, over: .malformedTag)
        guard raw <= UInt64(UInt32.max) else { throw .malformedTag }
        return try WireTag(rawValue: UInt32(raw))
    }

    /// A varint of up to ten bytes; bits beyond the 64th are dropped.
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func varint() throws(WireError) -> UInt64 {
        guard offset < bytes.count else { throw .truncated }
        let first = bytes[offset]
        guard first >= 0x80 else {
            offset &+= 1
            return UInt64(first)
        }
        return try varint(bytesMax: 10, over: .overlongVarint)
    }

    @inline(never)
    @_lifetime(self: copy self)
    private mutating func varint(bytesMax: Int, over: WireError) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for _ in 0..<bytesMax {
            guard offset < bytes.count else { throw .truncated }
            let byte = bytes[offset]
            offset &+= 1
            value |= UInt64(byte & 0x7F) << shift
            guard byte >= 0x80 else { return value }
            shift += 7
        }
        throw over
    }

    /// A `bool`: every number but 0 is true.
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func bool() throws(WireError) -> Bool { try varint() != 0 }

    /// A `uint32`: the low 32 bits of the varint.
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func uint32() throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try varint())
    }

    /// An `int32` or an enum: the low 32 bits of the varint.
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func int32() throws(WireError) -> Int32 {
        Int32(truncatingIfNeeded: try varint())
    }

    /// A `sint64`: small numbers of either sign are short.
    @_lifetime(self: copy self)
    package mutating func sint64() throws(WireError) -> Int64 {
        let raw = try varint()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    @_lifetime(self: copy self)
    package mutating func fixed32() throws(WireError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw .truncated }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
        offset += 4
        return value
    }

    @_lifetime(self: copy self)
    package mutating func fixed64() throws(WireError) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw .truncated }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        offset += 8
        return value
    }

    /// A `bytes` field, or an embedded message as it lies there.
    @inline(__always)
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func bytesField() throws(WireError) -> Span<UInt8> {
        let count = try length()
        let start = offset
        offset = start &+ count
        return bytes.extracting(start..<(start &+ count))
    }

    /// The field `number` if what is left is one short `bytes` field of this number and nothing
    /// else; then all is read.
    @inline(__always)
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func onlyBytesField(_ number: UInt32) -> Span<UInt8>? {
        let start = offset &+ 2
        guard start <= bytes.count, UInt32(bytes[offset]) == WireTag.bytes(number).rawValue,
            bytes[offset &+ 1] < 0x80, Int(bytes[offset &+ 1]) == bytes.count &- start
        else { return nil }
        offset = bytes.count
        return bytes.extracting(start..<bytes.count)
    }

    /// A `string` field: UTF-8.
    @inline(__always)
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func stringField() throws(WireError) -> Span<UInt8> {
        let text = try bytesField()
        try text.checkUTF8()
        return text
    }

    /// A reader of the embedded message that lies here.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func messageField() throws(WireError) -> WireReader {
        let inner = try bytesField()
        guard depthLeft > 0 else { throw .nestedTooDeep }
        return WireReader(inner, depthLeft: depthLeft - 1)
    }

    /// What comes after the fields that were read.
    package var rest: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(offset..<bytes.count) }
    }

    /// A length, which is never more than what is left.
    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func length() throws(WireError) -> Int {
        guard offset < bytes.count else { throw .truncated }
        let first = bytes[offset]
        var count = UInt64(first)
        if first < 0x80 {
            offset &+= 1
        } else {
            count = try longLength()
        }
        guard count <= UInt64(bytes.count &- offset) else { throw .truncated }
        return Int(count)
    }

    @inline(never)
    @_lifetime(self: copy self)
    private mutating func longLength() throws(WireError) -> UInt64 {
        let count = try varint(bytesMax: 5, over: .overlongVarint)
        guard count <= Self.lengthMax else { throw .lengthTooLarge }
        return count
    }

    /// Reads over the value of a field that nobody knows.
    @_lifetime(self: copy self)
    package mutating func skip(_ tag: WireTag) throws(WireError) {
        switch WireType(rawValue: UInt8(tag.rawValue & 7)) {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .bytes: offset += try length()
        case .fixed32: _ = try fixed32()
        case .groupStart: try skipGroup(tag)
        case .groupEnd, nil: throw .unmatchedGroup
        }
    }

    // Groups can lie in each other as deep as the message is long: the way back is kept in an
    // array of fixed size, not on the call stack.
    @_lifetime(self: copy self)
    private mutating func skipGroup(_ tag: WireTag) throws(WireError) {
        var open = InlineArray<100, UInt32>(repeating: 0)
        guard depthLeft > 0 else { throw .nestedTooDeep }
        open[0] = tag.number
        var depth = 1
        while depth > 0 {
            guard let inner = try nextTag() else { throw .truncated }
            switch WireType(rawValue: UInt8(inner.rawValue & 7)) {
            case .groupStart:
                guard depth < min(depthLeft, open.count) else { throw .nestedTooDeep }
                open[depth] = inner.number
                depth += 1
            case .groupEnd:
                depth -= 1
                guard open[depth] == inner.number else { throw .unmatchedGroup }
            case .varint, .fixed64, .bytes, .fixed32, nil:
                try skip(inner)
            }
        }
    }
}
