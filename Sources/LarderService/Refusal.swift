package import LarderGRPC

/// A request that is not done, and the status that says why.
///
/// Its texts name limits and counts, never bytes of a key, a value or a name.
package struct Refusal: Error, Sendable, Equatable {
    package let status: Status

    package init(_ status: Status) { self.status = status }

    init(
        _ code: StatusCode, _ reason: String, _ message: String,
        metadata: [(key: String, value: String)] = []
    ) {
        status = Status(code, message, reason: reason, metadata: metadata)
    }

    private static func over(
        _ reason: String, _ message: String, limit: UInt64, value: UInt64
    ) -> Refusal {
        Refusal(
            .invalidArgument, reason, message,
            metadata: [(key: "limit", value: "\(limit)"), (key: "value", value: "\(value)")])
    }
}

// MARK: Keys, values, times

extension Refusal {
    static var keyEmpty: Refusal {
        Refusal(.invalidArgument, "KEY_EMPTY", "the key is empty: it takes at least 1 byte")
    }

    static func keyTooLong(bytes: Int, limit: Int) -> Refusal {
        over(
            "KEY_TOO_LONG", "key of \(bytes) bytes is over the limit of \(limit) bytes",
            limit: UInt64(limit), value: UInt64(bytes))
    }

    static func valueTooLarge(bytes: UInt64, limit: UInt64) -> Refusal {
        over(
            "VALUE_TOO_LARGE", "value of \(bytes) bytes is over the limit of \(limit) bytes",
            limit: limit, value: bytes)
    }

    static func appendTooLarge(limit: UInt64) -> Refusal {
        Refusal(
            .failedPrecondition, "VALUE_TOO_LARGE",
            "the value with the addition is over the limit of \(limit) bytes",
            metadata: [(key: "limit", value: "\(limit)")])
    }

    static func ttlTooLong(field: String, millis: UInt64, limit: UInt64) -> Refusal {
        over(
            "TTL_TOO_LONG",
            "\(field) of \(millis) milliseconds is over the limit of \(limit) milliseconds",
            limit: limit, value: millis)
    }

    static func batchTooLong(items: Int, limit: Int) -> Refusal {
        over(
            "BATCH_TOO_LONG", "batch of \(items) items is over the limit of \(limit) items",
            limit: UInt64(limit), value: UInt64(items))
    }

    static var namespaceUnknown: Refusal {
        Refusal(
            .notFound, "NAMESPACE_UNKNOWN",
            "no such namespace: this server has only \"default\"")
    }
}

// MARK: What fields say

extension Refusal {
    /// A field of the contract that this version cannot honour, and so must not accept.
    static func fieldNotServed(_ field: String) -> Refusal {
        Refusal(
            .unimplemented, "FIELD_NOT_SERVED", "\(field) is not served by this version",
            metadata: [(key: "field", value: field)])
    }

    /// A method of the contract that this version does not serve.
    static func methodNotServed(_ method: Method) -> Refusal {
        Refusal(
            .unimplemented, "METHOD_NOT_SERVED",
            "\(method.fullName) is not served by this version")
    }

    /// Fields that cannot both be meant.
    static func fieldsContradict(_ message: String) -> Refusal {
        Refusal(.invalidArgument, "FIELDS_CONTRADICT", message)
    }

    /// An enum's number that this version does not know, where guessing would do harm.
    static func enumUnknown(_ field: String, number: Int32) -> Refusal {
        Refusal(
            .invalidArgument, "ENUM_UNKNOWN", "\(field) has no value \(number)",
            metadata: [(key: "field", value: field), (key: "value", value: "\(number)")])
    }
}

// MARK: Bulk loads

extension Refusal {
    static func sessionIDTooLong(bytes: Int, limit: Int) -> Refusal {
        over(
            "SESSION_ID_TOO_LONG",
            "session_id of \(bytes) bytes is over the limit of \(limit) bytes",
            limit: UInt64(limit), value: UInt64(bytes))
    }

    static var startMissing: Refusal {
        Refusal(
            .invalidArgument, "START_MISSING", "the first message of a load must be its start")
    }

    static var startRepeated: Refusal {
        Refusal(.invalidArgument, "START_REPEATED", "a load has one start, a second one came")
    }

    static var partMissing: Refusal {
        Refusal(
            .invalidArgument, "PART_MISSING", "a message of a load has neither start nor batch")
    }

    static func gap(firstIndex: UInt64, expected: UInt64) -> Refusal {
        Refusal(
            .invalidArgument, "INDEX_GAP",
            "first_index \(firstIndex) leaves a gap: the next entry is \(expected)",
            metadata: [
                (key: "expected", value: "\(expected)"), (key: "value", value: "\(firstIndex)"),
            ])
    }

    static var sessionSuperseded: Refusal {
        Refusal(.aborted, "SESSION_SUPERSEDED", "a newer stream has taken this load over")
    }

    static func checksumMismatch(index: UInt64) -> Refusal {
        Refusal(
            .dataLoss, "CHECKSUM", "entry \(index) does not match its crc32c",
            metadata: [(key: "index", value: "\(index)")])
    }

    /// A value that is split over entries, which do not follow each other as they must.
    static func splitBroken(index: UInt64, _ why: String) -> Refusal {
        Refusal(
            .invalidArgument, "SPLIT_VALUE", "entry \(index): \(why)",
            metadata: [(key: "index", value: "\(index)")])
    }

    static var splitUnfinished: Refusal {
        Refusal(.invalidArgument, "SPLIT_VALUE", "the load ends inside a split value")
    }

    static func assemblyFull(limit: UInt64) -> Refusal {
        Refusal(
            .resourceExhausted, "TOO_MANY_SPLIT_VALUES",
            "the loads' unfinished split values are over the limit of \(limit) bytes",
            metadata: [(key: "limit", value: "\(limit)")])
    }
}

// MARK: Pipelines

extension Refusal {
    static var operationMissing: Refusal {
        Refusal(.invalidArgument, "OPERATION_MISSING", "the operation says nothing to be done")
    }

    /// An operation of the contract that this version does not serve.
    static func operationNotServed(_ name: String) -> Refusal {
        Refusal(
            .unimplemented, "OPERATION_NOT_SERVED",
            "the operation \(name) is not served by this version")
    }

    static func operationLate(millis: UInt64) -> Refusal {
        Refusal(
            .deadlineExceeded, "OPERATION_LATE",
            "the operation's time was over after \(millis) milliseconds, before it was begun")
    }

    static func pipelineBacklogFull(limit: Int) -> Refusal {
        Refusal(
            .resourceExhausted, "PIPELINE_BACKLOG",
            "operations that wait for their answers' predecessors to be read are over the limit "
                + "of \(limit) bytes",
            metadata: [(key: "limit", value: "\(limit)")])
    }
}

// MARK: Exports, health

extension Refusal {
    static var badCursor: Refusal {
        Refusal(
            .invalidArgument, "BAD_CURSOR",
            "the cursor is none that this server made for this export")
    }

    static var cursorOutlived: Refusal {
        Refusal(
            .aborted, "CURSOR_OUTLIVED", "the cursor was made before the server started again")
    }

    static var hashRangeReversed: Refusal {
        Refusal(
            .invalidArgument, "HASH_RANGE", "hash_begin is greater than hash_end")
    }

    static var healthServiceUnknown: Refusal {
        Refusal(.notFound, "SERVICE_UNKNOWN", "no such service")
    }

    package static func uploadsFull(limit: Int) -> Refusal {
        Refusal(
            .resourceExhausted, "UPLOADS_FULL",
            "requests that have come in part are over the limit of \(limit) bytes",
            metadata: [(key: "limit", value: "\(limit)")])
    }

    package static func inflatedTooMuch(bytesPerSecond: UInt64) -> Refusal {
        Refusal(
            .resourceExhausted, "INFLATED_TOO_MUCH",
            "the connection's compressed messages unpack to more than \(bytesPerSecond) bytes a second",
            metadata: [(key: "limit", value: "\(bytesPerSecond)")])
    }

    package static func answersUnread(limit: Int) -> Refusal {
        Refusal(
            .resourceExhausted, "ANSWERS_UNREAD",
            "answers that are not read are over the limit of \(limit) bytes",
            metadata: [(key: "limit", value: "\(limit)")])
    }
}
