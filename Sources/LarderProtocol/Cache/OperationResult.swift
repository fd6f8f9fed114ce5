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
        self.init()
        var member: Member?
        var body: [UInt8] = []
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.varint()
            case .bytes(2), .bytes(3), .bytes(4), .bytes(5), .bytes(6), .bytes(7):
                let found = Member(rawValue: tag.number)
                // Fields of one member are one message; another member undoes them.
                if found != member { body.removeAll(keepingCapacity: true) }
                member = found
                body += [UInt8](copy: try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
        switch member {
        case nil: break
        case .get: answer = .get(try GetResponse(decoding: body.span))
        case .set: answer = .set(try SetResponse(decoding: body.span))
        case .delete: answer = .delete(try DeleteResponse(decoding: body.span))
        case .touch: answer = .touch(try TouchResponse(decoding: body.span))
        case .increment: answer = .increment(try IncrementResponse(decoding: body.span))
        case .error: answer = .error(try OperationError(decoding: body.span))
        }
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
