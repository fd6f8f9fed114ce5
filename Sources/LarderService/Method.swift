/// One method of one service: what it is called and how its messages flow.
package struct Method: Sendable, Equatable {
    /// How many messages go which way.
    package enum Shape: Sendable, Equatable {
        case unary
        case serverStreaming
        case clientStreaming
        case bidiStreaming
    }

    /// What answers the method.
    package enum Handler: UInt8, Sendable, Equatable {
        case get, set, delete, batchGet, getLimits
        case bulkLoad, export, pipeline
        case healthCheck, healthWatch, healthList
        case reflection
        /// One of `FurtherMethods`.
        case further
        /// A method of the contract that this version does not serve.
        case notServed
    }

    /// The index in `MethodTable.all`, for counters by method; beyond it for further methods.
    package let id: Int
    package let shape: Shape
    package let handler: Handler
    /// The service and the method with a slash between them and none before.
    package let fullName: StaticString

    package var isServed: Bool { handler != .notServed }

    package static func == (left: Method, right: Method) -> Bool { left.id == right.id }
}
