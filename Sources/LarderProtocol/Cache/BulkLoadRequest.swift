/// A `BulkLoadRequest` as it lies in the receive buffer.
package struct BulkLoadRequestView: ~Escapable {
    /// What a message of the load says.
    package enum Part: ~Escapable {
        case none
        case start(BulkLoadStart)
        case batch(EntryBatchView)
    }

    package private(set) var part: Part

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        part = .none
        var reader = WireReader(bytes)
        var fieldOffset = reader.offset
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var start = BulkLoadStart()
                if case .start(let before) = part { start = before }
                try start.merge(fieldOf: &reader)
                part = .start(start)
            case .bytes(2):
                // Batches before a start are forgotten: this one's fields begin here.
                var batch = EntryBatchView(
                    within: bytes.extracting(fieldOffset..<bytes.count))
                if case .batch(let before) = part { batch = before }
                var inner = try reader.messageField()
                try batch.merge(&inner)
                part = .batch(batch)
            default: try reader.skip(tag)
            }
            fieldOffset = reader.offset
        }
    }
}

/// One message of a bulk load.
package struct BulkLoadRequest: WireMessage {
    /// What the message says.
    package enum Part: Equatable, Sendable {
        case none
        case start(BulkLoadStart)
        case batch(EntryBatch)
    }

    package var part: Part

    package init() { self.init(.none) }

    package init(_ part: Part) { self.part = part }

    package init(_ view: borrowing BulkLoadRequestView) throws(WireError) {
        switch view.part {
        case .none: self.init(.none)
        case .start(let start): self.init(.start(start))
        case .batch(let batch): self.init(.batch(try EntryBatch(batch)))
        }
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        try self.init(try BulkLoadRequestView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        switch part {
        case .none: break
        case .start(let start): writer.message(1) { output in start.encode(into: &output) }
        case .batch(let batch): writer.message(2) { output in batch.encode(into: &output) }
        }
    }
}
