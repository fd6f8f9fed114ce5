/// An entry of a load that was wrong in itself.
package struct RejectedEntry: MergedMessage {
    package var index: UInt64
    package var error: OperationError?

    package init() { self.init(index: 0, error: nil) }

    package init(index: UInt64, error: OperationError?) {
        self.index = index
        self.error = error
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): index = try reader.varint()
            case .bytes(2):
                var merged = error ?? OperationError()
                try merged.merge(fieldOf: &reader)
                error = merged
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, index)
        if let error { writer.message(2) { output in error.encode(into: &output) } }
    }
}

/// How far a bulk load is.
package struct BulkLoadResponse: MergedMessage {
    /// All entries below this index are dealt with.
    package var committed: UInt64
    package var stored: UInt64
    package var notAdmitted: UInt64
    package var conditionFailed: UInt64
    package var rejected: UInt64
    package var storedBytes: UInt64
    /// The load is complete.
    package var done: Bool
    /// The first few entries that were wrong.
    package var errors: [RejectedEntry]

    package init() { self.init(committed: 0) }

    package init(
        committed: UInt64, stored: UInt64 = 0, notAdmitted: UInt64 = 0,
        conditionFailed: UInt64 = 0, rejected: UInt64 = 0, storedBytes: UInt64 = 0,
        done: Bool = false, errors: [RejectedEntry] = []
    ) {
        self.committed = committed
        self.stored = stored
        self.notAdmitted = notAdmitted
        self.conditionFailed = conditionFailed
        self.rejected = rejected
        self.storedBytes = storedBytes
        self.done = done
        self.errors = errors
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): committed = try reader.varint()
            case .varint(2): stored = try reader.varint()
            case .varint(3): notAdmitted = try reader.varint()
            case .varint(4): conditionFailed = try reader.varint()
            case .varint(5): rejected = try reader.varint()
            case .varint(6): storedBytes = try reader.varint()
            case .varint(7): done = try reader.bool()
            case .bytes(8):
                var error = RejectedEntry()
                try error.merge(fieldOf: &reader)
                errors.append(error)
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, committed)
        writer.uint(2, stored)
        writer.uint(3, notAdmitted)
        writer.uint(4, conditionFailed)
        writer.uint(5, rejected)
        writer.uint(6, storedBytes)
        writer.bool(7, done)
        for error in errors { writer.message(8) { output in error.encode(into: &output) } }
    }
}
