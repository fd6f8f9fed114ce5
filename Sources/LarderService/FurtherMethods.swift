package import LarderGRPC

/// Methods that a program serves beside the server's own.
///
/// They are asked for only when the server's own table has no such path, so that its own methods
/// do not pay for them. Any thread may use it.
package protocol FurtherMethods: Sendable {
    /// The method at `path`, made by `Method.further`; nil when there is none.
    func method(path: Span<UInt8>) -> Method?

    /// Begins a call of one of these methods. `metadata` is all that came with it.
    func open(_ method: Method, metadata: [Field], nowNanos: UInt64) -> any StreamingCall
}

extension Method {
    /// The `index`-th method of a program's own.
    ///
    /// It is answered by a `StreamingCall` whatever its shape: one that takes one message and gives
    /// one is `serverStreaming` here. Clients cannot tell.
    package static func further(
        _ index: Int, _ shape: Shape, _ fullName: StaticString
    ) -> Method {
        precondition(shape != .unary, "further methods are answered by streaming calls")
        return Method(
            id: MethodTable.all.count + index, shape: shape, handler: .further, fullName: fullName)
    }
}
