import LarderCache
import LarderProtocol

/// What a read tells of a key: that nothing is there, or what is there and, if it is sent, its value.
struct EntryAnswer: ~Copyable {
    /// No field of a protobuf message is longer.
    private static let fieldBytesMax: UInt64 = 0x7FFF_FFFF
    // What stands before a value in a message, generously.
    private static let headBytesMax: UInt64 = 1_024

    let head: GetResponseHead
    /// How much of the value is sent: all or nothing.
    let sentBytes: Int
    // There while the value is to be sent.
    private let entry: EntryReference?

    /// An answer that tells of no entry.
    init(_ outcome: GetOutcome) {
        head = GetResponseHead(outcome: outcome)
        sentBytes = 0
        entry = nil
    }

    /// The answer that the entry is there: with the value if it is wanted and not over the limit.
    init(
        _ entry: consuming EntryReference, wantsValue: Bool, inlineBytesMax: UInt32,
        nowNanos: UInt64
    ) {
        let count = entry.value.count
        let limit = min(UInt64(inlineBytesMax), Self.fieldBytesMax - Self.headBytesMax)
        let fits = UInt64(count) <= limit
        let outcome: GetOutcome = wantsValue && !fits ? .tooLarge : .hit
        head = Self.head(entry, outcome, valueBytes: UInt64(count), nowNanos: nowNanos)
        sentBytes = wantsValue && fits ? count : 0
        self.entry = sentBytes > 0 ? consume entry : nil
    }

    /// The answer that the caller has the entry already.
    init(notModified entry: borrowing EntryReference, nowNanos: UInt64) {
        head = Self.head(
            entry, .notModified, valueBytes: UInt64(entry.value.count), nowNanos: nowNanos)
        sentBytes = 0
        self.entry = nil
    }

    private static func head(
        _ entry: borrowing EntryReference, _ outcome: GetOutcome, valueBytes: UInt64,
        nowNanos: UInt64
    ) -> GetResponseHead {
        GetResponseHead(
            outcome: outcome, version: entry.version, flags: entry.flags,
            ttlMillis: entry.expiresAtNanos.map { millisLeft(until: $0, nowNanos: nowNanos) },
            valueBytes: valueBytes,
            ageMillis: millisSince(entry.writtenAtNanos, nowNanos: nowNanos))
    }

    /// How long it is as a message.
    var encodedBytes: Int { head.encodedBytes(valueCount: sentBytes) }

    /// Writes the message or its part of one, the value copied when it is small, by reference when
    /// not.
    consuming func append(to reply: inout Reply, _ place: GetResponsePlace = .message) {
        if let entry {
            Self.append(head, entry, count: sentBytes, to: &reply, place)
        } else {
            head.encode(into: &reply.bytes, place)
        }
    }

    private static func append(
        _ head: GetResponseHead, _ entry: consuming EntryReference, count: Int,
        to reply: inout Reply, _ place: GetResponsePlace
    ) {
        if count <= Reply.copiedValueBytesMax {
            head.encode(into: &reply.bytes, place, value: entry.value)
        } else {
            head.encode(into: &reply.bytes, place, tailBytes: count)
            reply.append(valueOf: entry)
        }
    }
}

/// The time to a moment to come, rounded up so that what is not over is not 0; 0 when it is over.
func millisLeft(until nanos: UInt64, nowNanos: UInt64) -> UInt64 {
    guard nanos > nowNanos else { return 0 }
    return (nanos - nowNanos - 1) / nanosPerMilli + 1
}

/// The time since a moment, rounded down; 0 when it is to come.
func millisSince(_ nanos: UInt64, nowNanos: UInt64) -> UInt64 {
    nowNanos > nanos ? (nowNanos - nanos) / nanosPerMilli : 0
}
