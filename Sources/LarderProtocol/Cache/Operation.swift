/// One operation of a `PipelineRequest` as it lies in the receive buffer: what it is, and the bytes
/// of its request.
package struct OperationView: ~Escapable {
    /// What is to be done.
    package enum Kind: UInt8, Sendable {
        case none
        case get
        case set
        case delete
        case touch
        case increment

        /// The kind of the request in the field of this number.
        init?(member number: UInt32) {
            guard (2...6).contains(number) else { return nil }
            self.init(rawValue: UInt8(number - 1))
        }
    }

    /// The client's own; comes back with the answer.
    package private(set) var id: UInt64 = 0
    package private(set) var kind = Kind.none
    /// Leave the usual answer out.
    package private(set) var quiet = false
    /// How long the operation may take. 0: as long as the call.
    package private(set) var timeoutMillis: UInt32 = 0
    /// The request, undecoded. Of one that `isSplit`, its last part.
    package private(set) var body: Span<UInt8>
    /// The request came in several fields, which together are one: `joinedBody` has it. No encoder
    /// does this, but a decoder has to know it.
    package private(set) var isSplit = false
    private let bytes: Span<UInt8>
    // Where the fields of `kind` begin, after the last one of another kind.
    private var bodyOffset = 0

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.bytes = bytes
        body = Span()
        var reader = WireReader(bytes)
        var fieldOffset = reader.offset
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.varint()
            case .bytes(2): takeBody(.get, try reader.bytesField(), at: fieldOffset)
            case .bytes(3): takeBody(.set, try reader.bytesField(), at: fieldOffset)
            case .bytes(4): takeBody(.delete, try reader.bytesField(), at: fieldOffset)
            case .bytes(5): takeBody(.touch, try reader.bytesField(), at: fieldOffset)
            case .bytes(6): takeBody(.increment, try reader.bytesField(), at: fieldOffset)
            case .varint(7): quiet = try reader.bool()
            case .varint(8): timeoutMillis = try reader.uint32()
            default: try reader.skip(tag)
            }
            fieldOffset = reader.offset
        }
    }

    @inline(__always)
    @_lifetime(self: copy self, copy body)
    private mutating func takeBody(_ kind: Kind, _ body: Span<UInt8>, at offset: Int) {
        isSplit = self.kind == kind
        if !isSplit { bodyOffset = offset }
        self.kind = kind
        self.body = body
    }

    /// The parts of a request that `isSplit`, one behind the other: an encoding of all of it.
    package func joinedBody() throws(WireError) -> [UInt8] {
        var joined: [UInt8] = []
        let number = UInt32(kind.rawValue) + 1
        var parts = FieldIterator(bytes.extracting(bodyOffset..<bytes.count), number: number)
        while let part = try parts.next() { joined += [UInt8](copy: part) }
        return joined
    }
}

/// One operation of a `PipelineRequest`.
package struct Operation: WireMessage {
    /// What is to be done.
    package enum Kind: Equatable, Sendable {
        case none
        case get(GetRequest)
        case set(SetRequest)
        case delete(DeleteRequest)
        case touch(TouchRequest)
        case increment(IncrementRequest)
    }

    /// The client's own; comes back with the answer.
    package var id: UInt64
    package var kind: Kind
    /// Leave the usual answer out.
    package var quiet: Bool
    /// How long the operation may take. 0: as long as the call.
    package var timeoutMillis: UInt32

    package init() { self.init(id: 0, .none) }

    package init(id: UInt64, _ kind: Kind, quiet: Bool = false, timeoutMillis: UInt32 = 0) {
        self.id = id
        self.kind = kind
        self.quiet = quiet
        self.timeoutMillis = timeoutMillis
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(&reader)
    }

    /// Reads all that is left.
    init(_ reader: inout WireReader) throws(WireError) {
        self.init()
        var member = OperationView.Kind.none
        // Parts of one request are one request; one of another kind undoes them.
        var body: [UInt8] = []
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.varint()
            case .bytes(2), .bytes(3), .bytes(4), .bytes(5), .bytes(6):
                guard let found = OperationView.Kind(member: tag.number) else {
                    throw .malformedTag
                }
                if found != member { body.removeAll(keepingCapacity: true) }
                member = found
                var inner = try reader.messageField()
                body += [UInt8](copy: inner.rest)
                _ = try Kind(found, &inner)
            case .varint(7): quiet = try reader.bool()
            case .varint(8): timeoutMillis = try reader.uint32()
            default: try reader.skip(tag)
            }
        }
        var whole = WireReader(body.span)
        kind = try Kind(member, &whole)
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, id)
        switch kind {
        case .none: break
        case .get(let request): writer.message(2) { output in request.encode(into: &output) }
        case .set(let request): writer.message(3) { output in request.encode(into: &output) }
        case .delete(let request): writer.message(4) { output in request.encode(into: &output) }
        case .touch(let request): writer.message(5) { output in request.encode(into: &output) }
        case .increment(let request): writer.message(6) { output in request.encode(into: &output) }
        }
        writer.bool(7, quiet)
        writer.uint(8, UInt64(timeoutMillis))
    }
}

extension Operation.Kind {
    init(_ kind: OperationView.Kind, _ reader: inout WireReader) throws(WireError) {
        switch kind {
        case .none: self = .none
        case .get: self = .get(GetRequest(try GetRequestView(&reader)))
        case .set: self = .set(try SetRequest(try SetRequestView(&reader)))
        case .delete: self = .delete(DeleteRequest(try DeleteRequestView(&reader)))
        case .touch:
            var request = TouchRequest()
            try request.merge(&reader)
            self = .touch(request)
        case .increment:
            var request = IncrementRequest()
            try request.merge(&reader)
            self = .increment(request)
        }
    }
}
