package import LarderGRPC

/// What few replies say besides messages and an end.
package struct ReplyExtras: Sendable {
    /// Sent before the first message, or with the end when there is none.
    package var headers: [Field] = []
    /// Sent with the end.
    package var trailers: [Field] = []
    /// The call is to be woken then, if it is still open.
    package var wakeAtNanos: UInt64?

    package init() {}
}
