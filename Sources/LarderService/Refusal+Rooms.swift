import LarderCache
import LarderGRPC
import LarderProtocol

// What the rooms below say is wrong, turned into a status.  No default anywhere: a new error must
// choose its words.
extension Refusal {
    /// A message that is none.
    init(_ error: WireError) {
        let why =
            switch error {
            case .truncated: "it ends inside a field"
            case .overlongVarint: "a varint runs past its bytes"
            case .malformedTag: "a field's tag is malformed"
            case .lengthTooLarge: "a field says that it is 2 GiB or longer"
            case .invalidUTF8: "a string is not UTF-8"
            case .unmatchedGroup: "a group ends that was not begun"
            case .nestedTooDeep: "messages lie in each other too deep"
            }
        self.init(.internal, "MESSAGE_MALFORMED", "the message does not parse: \(why)")
    }

    /// A write that the cache refused.
    init(_ reason: RejectReason, keyBytes: Int, valueBytes: UInt64) {
        switch reason {
        case .keyEmpty: self = .keyEmpty
        case .keyTooLong(let limit):
            self = .keyTooLong(bytes: keyBytes, limit: Int(clamping: limit))
        case .valueTooLarge(let limit): self = .valueTooLarge(bytes: valueBytes, limit: limit)
        case .appendTooLarge(let limit): self = .appendTooLarge(limit: limit)
        }
    }
}

extension OperationError {
    /// What a unary call would have answered.
    init(_ refusal: Refusal) {
        self.init(
            code: Int32(refusal.status.code.rawValue), message: refusal.status.message,
            reason: refusal.status.reason ?? "")
    }
}
