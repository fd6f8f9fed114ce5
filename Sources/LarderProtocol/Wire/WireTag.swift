/// How a field's value is laid out.
package enum WireType: UInt8, Sendable {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case groupStart = 3
    case groupEnd = 4
    case fixed32 = 5
}

/// A field's number together with its wire type, as one number of at most 32 bits.
///
/// Decoders switch over tags: a known number with another wire type than its own is an unknown
/// field by the rules of protobuf, and falls into `default` by itself.
package struct WireTag: Equatable, Sendable {
    package let rawValue: UInt32

    /// The tag that was read from the wire.
    ///
    /// - Throws: `malformedTag` if no field can have it.
    @inline(__always)
    package init(rawValue: UInt32) throws(WireError) {
        // Wire types 6 and 7 do not exist, and fields are numbered from 1.
        guard rawValue & 7 < 6, rawValue >= 8 else { throw .malformedTag }
        self.rawValue = rawValue
    }

    @inline(__always)
    private init(_ number: UInt32, _ type: WireType) {
        rawValue = number << 3 | UInt32(type.rawValue)
    }

    package var number: UInt32 { rawValue >> 3 }

    @inline(__always)
    package static func varint(_ number: UInt32) -> WireTag { WireTag(number, .varint) }

    @inline(__always)
    package static func fixed64(_ number: UInt32) -> WireTag { WireTag(number, .fixed64) }

    @inline(__always)
    package static func bytes(_ number: UInt32) -> WireTag { WireTag(number, .bytes) }

    @inline(__always)
    package static func groupStart(_ number: UInt32) -> WireTag { WireTag(number, .groupStart) }

    @inline(__always)
    package static func groupEnd(_ number: UInt32) -> WireTag { WireTag(number, .groupEnd) }

    @inline(__always)
    package static func fixed32(_ number: UInt32) -> WireTag { WireTag(number, .fixed32) }
}
