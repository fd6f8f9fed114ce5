/// What became of one operation.
package struct OperationResult: WireMessage {
    /// The field numbers of the answers.
    package enum Member: UInt32, Sendable {
        case get = 2
        case set
        case delete
        case touch
        case increment
        case error
    }

    package enum Answer: Equatable, Sendable {
        case none
        case get(GetResponse)
        case set(SetResponse)
        case delete(DeleteResponse)
        case touch(TouchResponse)
        case increment(IncrementResponse)
        case error(OperationError)
    }

    /// The operation's.
    package var id: UInt64
    package var answer: Answer

    package init() { self.init(id: 0, .none) }

    package init(id: UInt64, _ answer: Answer) {
        self.id = id
        self.answer = answer
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(&reader)
    }

    /// Reads all that is left.
    init(_ reader: inout WireReader) throws(WireError) {
        self.init()
        var member: Member?
        // Parts of one answer are one answer; one of another kind undoes them.
        var body: [UInt8] = []
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.varint()
            case .bytes(2), .bytes(3), .bytes(4), .bytes(5), .bytes(6), .bytes(7):
                guard let found = Member(rawValue: tag.number) else { throw .malformedTag }
                if found != member { body.removeAll(keepingCapacity: true) }
                member = found
                var inner = try reader.messageField()
                body += [UInt8](copy: inner.rest)
                _ = try Answer(found, &inner)
            default: try reader.skip(tag)
            }
        }
        guard let member else { return }
        var whole = WireReader(body.span)
        answer = try Answer(member, &whole)
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, id)
        switch answer {
        case .none: break
        case .get(let answer): writer.message(2) { output in answer.encode(into: &output) }
        case .set(let answer): writer.message(3) { output in answer.encode(into: &output) }
        case .delete(let answer): writer.message(4) { output in answer.encode(into: &output) }
        case .touch(let answer): writer.message(5) { output in answer.encode(into: &output) }
        case .increment(let answer): writer.message(6) { output in answer.encode(into: &output) }
        case .error(let answer): writer.message(7) { output in answer.encode(into: &output) }
        }
    }
}

extension OperationResult.Answer {
    init(_ member: OperationResult.Member, _ reader: inout WireReader) throws(WireError) {
        switch member {
        case .get:
            var view = GetResponseView()
            try view.merge(&reader)
            self = .get(GetResponse(view))
        case .set: self = .set(try SetResponse(&reader))
        case .delete:
            var answer = DeleteResponse()
            try answer.merge(&reader)
            self = .delete(answer)
        case .touch:
            var answer = TouchResponse()
            try answer.merge(&reader)
            self = .touch(answer)
        case .increment:
            var answer = IncrementResponse()
            try answer.merge(&reader)
            self = .increment(answer)
        case .error:
            var answer = OperationError()
            try answer.merge(&reader)
            self = .error(answer)
        }
    }
}
