import LarderCache
import LarderProtocol

/// What is to become of an entry of a load.
enum EntryVerdict {
    case store(WriteOptions)
    case reject(EntryFault)
}

/// Why an entry is wrong in itself.
///
/// Light, because a message can hold very many such entries and only the first few are told of.
enum EntryFault {
    case keyEmpty
    case keyTooLong(bytes: Int)
    case valueTooLarge(bytes: UInt64)
    case namespaceUnknown
    case ttlTooLong(millis: UInt64)
    case idleTooLong(millis: UInt64)
    case fieldNotServed(StaticString)
    case cache(RejectReason, keyBytes: Int, valueBytes: UInt64)

    /// The words for it.
    func refusal(_ limits: Limits) -> Refusal {
        switch self {
        case .keyEmpty: .keyEmpty
        case .keyTooLong(let bytes): .keyTooLong(bytes: bytes, limit: limits.keyBytesMax)
        case .valueTooLarge(let bytes): .valueTooLarge(bytes: bytes, limit: limits.valueBytesMax)
        case .namespaceUnknown: .namespaceUnknown
        case .ttlTooLong(let millis):
            .ttlTooLong(field: "ttl_millis", millis: millis, limit: limits.ttlMillisMax)
        case .idleTooLong(let millis):
            .ttlTooLong(field: "idle_millis", millis: millis, limit: limits.ttlMillisMax)
        case .fieldNotServed(let field): .fieldNotServed("\(field)")
        case .cache(let reason, let keyBytes, let valueBytes):
            Refusal(reason, keyBytes: keyBytes, valueBytes: valueBytes)
        }
    }
}

/// What the start of a load says about all its entries.
struct BulkPlan {
    let limits: Limits
    let options: WriteOptions
    let ackEvery: UInt64

    /// Judges an entry by its fields alone.
    func verdict(_ entry: borrowing EntryView) -> EntryVerdict {
        let head = entry.head
        let valueBytes = head.valueBytes == 0 ? UInt64(entry.value.count) : head.valueBytes
        if entry.key.isEmpty { return .reject(.keyEmpty) }
        if entry.key.count > limits.keyBytesMax {
            return .reject(.keyTooLong(bytes: entry.key.count))
        }
        if valueBytes > limits.valueBytesMax { return .reject(.valueTooLarge(bytes: valueBytes)) }
        if !Namespace.isKnown(entry.namespace) { return .reject(.namespaceUnknown) }
        if head.staleMillis != 0 { return .reject(.fieldNotServed("Entry.stale_millis")) }
        if head.idleMillis > limits.ttlMillisMax {
            return .reject(.idleTooLong(millis: head.idleMillis))
        }
        if entry.tagCount != 0 { return .reject(.fieldNotServed("Entry.tags")) }
        var options = options
        if let millis = head.ttlMillis {
            if millis > limits.ttlMillisMax { return .reject(.ttlTooLong(millis: millis)) }
            options.timeToLive = millis == 0 ? .never : .nanos(millis * nanosPerMilli)
        }
        if head.idleMillis > 0 { options.idleNanosMax = head.idleMillis * nanosPerMilli }
        options.flags = head.flags
        options.version = head.version == 0 ? nil : head.version
        return .store(options)
    }
}
