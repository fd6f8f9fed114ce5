import LarderCache

// What every method asks of what it is given.
extension Services {
    @inline(__always)
    func checkKey(_ key: Span<UInt8>) throws(Refusal) { try checkKey(bytes: key.count) }

    func checkKey(bytes: Int) throws(Refusal) {
        if bytes == 0 { throw .keyEmpty }
        if bytes > limits.keyBytesMax {
            throw .keyTooLong(bytes: bytes, limit: limits.keyBytesMax)
        }
    }

    func checkValue(bytes: UInt64) throws(Refusal) {
        if bytes > limits.valueBytesMax {
            throw .valueTooLarge(bytes: bytes, limit: limits.valueBytesMax)
        }
    }

    func checkNamespace(_ name: Span<UInt8>) throws(Refusal) {
        if !Namespace.isKnown(name) { throw .namespaceUnknown }
    }

    /// A time to live as a message says it: 0 is for ever, and so is none.
    func timeToLive(millis: UInt64?, field: StaticString) throws(Refusal) -> TimeToLive {
        guard let millis, millis > 0 else { return .never }
        if millis > limits.ttlMillisMax {
            throw .ttlTooLong(field: "\(field)", millis: millis, limit: limits.ttlMillisMax)
        }
        return .nanos(millis * nanosPerMilli)
    }
}

extension Services {
    /// For how long an item may go unused, as a message says it: 0 is for ever.
    func idleNanosMax(millis: UInt64) throws(Refusal) -> UInt64? {
        guard millis > 0 else { return nil }
        if millis > limits.ttlMillisMax {
            throw .ttlTooLong(field: "idle_millis", millis: millis, limit: limits.ttlMillisMax)
        }
        return millis * nanosPerMilli
    }
}

/// The one namespace there is, with and without its name.
enum Namespace {
    /// "default"
    static let defaultName: [UInt8] = [100, 101, 102, 97, 117, 108, 116]

    static func isKnown(_ name: Span<UInt8>) -> Bool {
        if name.isEmpty { return true }
        guard name.count == defaultName.count else { return false }
        for offset in name.indices where name[offset] != defaultName[offset] { return false }
        return true
    }
}

extension [UInt8] {
    /// An owned copy.
    init(copying bytes: Span<UInt8>) {
        self.init(capacity: bytes.count) { output in
            for offset in bytes.indices { output.append(bytes[offset]) }
        }
    }
}
