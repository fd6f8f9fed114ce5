/// What can be wrong with a compressed message.
package enum InflateError: Error, Equatable, Sendable {
    case corrupt
    /// It ends before its own end.
    case truncated
    /// Something follows its end.
    case surplus
    case tooLarge(limitBytes: UInt32)
    case outOfMemory
}

extension Status {
    package init(_ error: InflateError) {
        switch error {
        case .corrupt:
            self.init(.internal, "a compressed message is corrupt", reason: "MESSAGE_COMPRESSION")
        case .truncated:
            self.init(
                .internal, "a compressed message ends before its end",
                reason: "MESSAGE_COMPRESSION")
        case .surplus:
            self.init(
                .internal, "a compressed message goes on after its end",
                reason: "MESSAGE_COMPRESSION")
        case .tooLarge(let limitBytes):
            self.init(
                .resourceExhausted,
                "a compressed message holds more than the limit of \(limitBytes) bytes",
                reason: Status.messageTooLarge,
                metadata: [(key: "limit", value: String(limitBytes))])
        case .outOfMemory:
            self.init(
                .resourceExhausted, "no memory to unpack a compressed message",
                reason: "MEMORY_SHORT")
        }
    }
}
