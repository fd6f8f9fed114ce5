/// Writes protobuf messages one behind the other into memory that it keeps.
///
/// The plain functions leave out what has its default value, as proto3 wants it; those that say
/// `always` write it, for fields with presence, oneof members and repeated elements. Fields are
/// written in the order of the calls: call in the order of the numbers.
///
/// - Complexity: once the storage has grown to what is usual, nothing is allocated.
package struct WireWriter: ~Copyable {
    /// The five bytes that stand before each message in a gRPC stream.
    package static let prefixBytes = 5

    // All of the storage is initialized, and `count` says how much of it is written. Appending to
    // the array itself costs twice as much: each byte would check and change the array's count.
    private var storage: [UInt8]
    /// How many bytes are written.
    package private(set) var count = 0

    package init(capacity: Int = 256) {
        storage = [UInt8](repeating: 0, count: capacity)
    }

    /// What is written so far.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { storage.span.extracting(0..<count) }
    }

    /// A copy of what is written so far.
    package var array: [UInt8] { [UInt8](storage[..<count]) }

    package var capacity: Int { storage.count }

    /// Forgets what is written and keeps the memory, unless that has grown over `capacityMax`.
    package mutating func clear(capacityMax: Int = .max) {
        count = 0
        if storage.count > capacityMax { storage = [UInt8](repeating: 0, count: capacityMax) }
    }

    /// Forgets what is written from `count` on.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "only what is written can be dropped")
        self.count = count
    }

    /// Makes room for `bytes` more, so that they are appended without growing.
    @inline(__always)
    package mutating func reserve(_ bytes: Int) {
        if storage.count &- count < bytes { grow(bytes) }
    }

    @inline(never)
    private mutating func grow(_ bytes: Int) {
        let more = max(bytes, storage.count, 64)
        storage.append(contentsOf: repeatElement(0, count: more))
    }

    // MARK: Raw bytes

    /// Appends bytes as they are: a value behind its header, or a message that is encoded already.
    @inline(never)
    package mutating func append(_ span: Span<UInt8>) {
        let added = span.count
        reserve(added)
        let start = count
        var output = storage.mutableSpan
        let end = output.putBytes(span, at: start)
        count = end
    }

    /// Leaves room for a gRPC message prefix and tells where; `endMessage` fills it.
    package mutating func beginMessage() -> Int {
        reserve(Self.prefixBytes)
        let start = count
        count += Self.prefixBytes
        return start
    }

    /// Fills the prefix at `start`: as long as what was written behind it and `tailBytes` more that
    /// the caller sends from elsewhere.
    package mutating func endMessage(
        at start: Int, tailBytes: Int = 0, isCompressed: Bool = false
    ) {
        let length = count - start - Self.prefixBytes + tailBytes
        precondition(length >= 0, "a message ends behind its prefix")
        let written = UInt32(length)
        var output = storage.mutableSpan
        output[start] = isCompressed ? 1 : 0
        for index in 0..<4 {
            output[start + 1 + index] = UInt8(truncatingIfNeeded: written >> UInt32(24 - 8 * index))
        }
    }

    // MARK: Numbers

    /// A varint field (`uint32`, `uint64`), left out when 0.
    @inline(__always)
    package mutating func uint(_ number: UInt32, _ value: UInt64) {
        if value != 0 { uint(number, always: value) }
    }

    /// A varint field with presence.
    @inline(__always)
    package mutating func uint(_ number: UInt32, ifPresent value: UInt64?) {
        if let value { uint(number, always: value) }
    }

    @inline(__always)
    package mutating func uint(_ number: UInt32, always value: UInt64) {
        reserve(15)
        unreserved(.varint(number), value)
    }

    /// A varint alone, as packed fields have them.
    package mutating func varint(_ value: UInt64) {
        reserve(10)
        unreserved(value)
    }

    /// An `int32` or an enum, left out when 0. A negative number takes ten bytes.
    @inline(__always)
    package mutating func int32(_ number: UInt32, _ value: Int32) {
        uint(number, UInt64(bitPattern: Int64(value)))
    }

    /// A `sint64`, left out when 0.
    package mutating func sint64(_ number: UInt32, _ value: Int64) {
        uint(number, WireWriter.zigzag(value))
    }

    package mutating func sint64(_ number: UInt32, ifPresent value: Int64?) {
        if let value { uint(number, always: WireWriter.zigzag(value)) }
    }

    private static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1 ^ value >> 63)
    }

    /// A `bool`, left out when false.
    @inline(__always)
    package mutating func bool(_ number: UInt32, _ value: Bool) {
        if value { uint(number, always: 1) }
    }

    package mutating func fixed32(_ number: UInt32, ifPresent value: UInt32?) {
        guard let value else { return }
        reserve(9)
        unreserved(UInt64(WireTag.fixed32(number).rawValue))
        littleEndian(UInt64(value), bytes: 4)
    }

    /// A `fixed64`, left out when 0.
    package mutating func fixed64(_ number: UInt32, _ value: UInt64) {
        guard value != 0 else { return }
        reserve(13)
        unreserved(UInt64(WireTag.fixed64(number).rawValue))
        littleEndian(value, bytes: 8)
    }

    // MARK: Bytes, text, messages

    /// A `bytes` or `string` field, left out when empty.
    @inline(__always)
    package mutating func bytes(_ number: UInt32, _ value: Span<UInt8>) {
        if value.count > 0 { bytes(number, always: value) }
    }

    @inline(__always)
    package mutating func bytes(_ number: UInt32, always value: Span<UInt8>) {
        bytesHeader(number, count: value.count)
        append(value)
    }

    /// The tag and the length of a field whose `count` bytes are appended or sent next.
    @inline(__always)
    package mutating func bytesHeader(_ number: UInt32, count: Int) {
        reserve(15)
        unreserved(.bytes(number), UInt64(count))
    }

    /// A `string` field, left out when empty.
    package mutating func string(_ number: UInt32, _ value: String) {
        if !value.isEmpty { string(number, always: value) }
    }

    package mutating func string(_ number: UInt32, always value: String) {
        bytesHeader(number, count: value.utf8.count)
        append(value.utf8.span)
    }

    /// An embedded message, written by `body`. Its length is written afterwards, and what is
    /// longer than 127 bytes is moved for it: big messages compute their length and use
    /// `bytesHeader`.
    package mutating func message(_ number: UInt32, _ body: (inout WireWriter) -> Void) {
        bytesHeader(number, count: 0)
        let start = count
        body(&self)
        let length = count - start
        let extra = WireWriter.varintBytes(UInt64(length)) - 1
        if extra > 0 { moveUp(from: start, by: extra) }
        let end = count
        count = start - 1
        unreserved(UInt64(length))
        count = end
    }

    private mutating func moveUp(from start: Int, by distance: Int) {
        reserve(distance)
        var index = count
        var output = storage.mutableSpan
        while index > start {
            index -= 1
            output[index + distance] = output[index]
        }
        count += distance
    }

    // MARK: How long

    /// How many bytes a varint takes.
    package static func varintBytes(_ value: UInt64) -> Int {
        (70 - (value | 1).leadingZeroBitCount) / 7
    }

    /// How many bytes a varint field takes: none when it is 0.
    package static func uintBytes(_ number: UInt32, _ value: UInt64) -> Int {
        value == 0 ? 0 : uintBytes(number, always: value)
    }

    package static func uintBytes(_ number: UInt32, always value: UInt64) -> Int {
        varintBytes(UInt64(number) << 3) + varintBytes(value)
    }

    /// How many bytes a field of `count` bytes takes: none when it is empty.
    package static func bytesFieldBytes(_ number: UInt32, count: Int) -> Int {
        count == 0 ? 0 : varintBytes(UInt64(number) << 3) + varintBytes(UInt64(count)) + count
    }

    // MARK: Into room that was made

    @inline(__always)
    private mutating func unreserved(_ value: UInt64) {
        let start = count
        var output = storage.mutableSpan
        let end = output.putVarint(value, at: start)
        count = end
    }

    @inline(__always)
    private mutating func unreserved(_ tag: WireTag, _ value: UInt64) {
        let start = count
        var output = storage.mutableSpan
        let end = output.putField(tag, value, at: start)
        count = end
    }

    /// Several fields in one go, at most `bytesMax` long: every look at the storage asks first
    /// whether it is shared. `write` is given where they begin and tells where they end.
    @inline(__always)
    mutating func fields(
        bytesMax: Int, _ write: (_ output: inout MutableSpan<UInt8>, _ start: Int) -> Int
    ) {
        reserve(bytesMax)
        let start = count
        var output = storage.mutableSpan
        let end = write(&output, start)
        count = end
    }

    private mutating func littleEndian(_ value: UInt64, bytes: Int) {
        let start = count
        var output = storage.mutableSpan
        for index in 0..<bytes {
            output[start + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
        count = start + bytes
    }
}

/// Fields at a place in memory that has room for them; each answers with where the next one goes.
extension MutableSpan<UInt8> {
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func putVarint(_ value: UInt64, at start: Int) -> Int {
        var index = start
        var rest = value
        while rest >= 0x80 {
            self[index] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            index &+= 1
        }
        self[index] = UInt8(truncatingIfNeeded: rest)
        return index &+ 1
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func putField(_ tag: WireTag, _ value: UInt64, at start: Int) -> Int {
        guard tag.rawValue < 0x80 else {
            return putVarint(value, at: putVarint(UInt64(tag.rawValue), at: start))
        }
        self[start] = UInt8(truncatingIfNeeded: tag.rawValue)
        return putVarint(value, at: start &+ 1)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func putBytes(_ bytes: Span<UInt8>, at start: Int) -> Int {
        for index in 0..<bytes.count { self[start &+ index] = bytes[index] }
        return start &+ bytes.count
    }

    /// A varint field, left out when 0.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func putUInt(_ number: UInt32, _ value: UInt64, at start: Int) -> Int {
        value == 0 ? start : putField(.varint(number), value, at: start)
    }
}
