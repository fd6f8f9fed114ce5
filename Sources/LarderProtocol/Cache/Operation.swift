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

    package init(_ view: borrowing OperationView) throws(WireError) {
        let body = try view.joinedBody()
        let kind: Kind
        switch view.kind {
        case .none: kind = .none
        case .get: kind = .get(try GetRequest(decoding: body.span))
        case .set: kind = .set(try SetRequest(decoding: body.span))
        case .delete: kind = .delete(try DeleteRequest(decoding: body.span))
        case .touch: kind = .touch(try TouchRequest(decoding: body.span))
        case .increment: kind = .increment(try IncrementRequest(decoding: body.span))
        }
        self.init(id: view.id, kind, quiet: view.quiet, timeoutMillis: view.timeoutMillis)
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        try self.init(try OperationView(decoding: bytes))
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
