/// What the server takes and gives at most, each bound with its name and default.
///
/// GetLimits tells those that a client needs to know.  Sizes are in bytes.
package struct Limits: Sendable, Equatable {
    /// Of a key.
    package var keyBytesMax = 1_024
    /// Of a value in an answer, unless the caller asks for more.
    package var inlineBytesMax: UInt32 = 1 << 20
    /// Of a value at all.
    package var valueBytesMax: UInt64 = 512 << 20
    /// Of keys in one BatchGet.
    package var batchItemsMax = 1_000
    /// Of a BatchGet's answer, unless the caller asks for another size.
    package var batchBytesMax: UInt32 = 3_670_016
    /// Of a request message.  The transport enforces it, GetLimits tells it.
    package var messageBytesMax: UInt32 = (4 << 20) + (64 << 10)
    /// What an operator calls that limit.
    package static let messageBytesMaxSetting = "server.max-message-bytes"
    /// Of a time to live: ten years.  Never over `ttlMillisCeiling`.
    package var ttlMillisMax: UInt64 = 315_360_000_000
    /// Of bulk loads that the server remembers, so that they can be continued.
    package var bulkSessionsMax = 1_024
    /// How long a bulk load is remembered after its last entry.
    package var bulkSessionNanos: UInt64 = 900_000_000_000
    /// Of a bulk load's `session_id`.
    package var bulkSessionIDBytesMax = 128
    /// Of split values that all loads together have in parts, not yet stored.
    package var bulkAssemblyBytesMax: UInt64 = 512 << 20
    /// Of the entries' bytes in one message of an Export; longer values are split.
    package var exportMessageBytes = 64 << 10
    /// Of an Export's bytes that wait to be sent.
    package var exportPendingBytesMax = 256 << 10
    /// Of requests that have come in part, all connections together.  Never under
    /// `messageBytesMax`.
    package var uploadBytesMax = 64 << 20
    /// Of parts of requests that wait for room among those.  With more, calls are refused.
    package var waitingUploadBytesMax = 64 << 20
    /// Of copied answers that are not read and of open calls, all connections together.  With more,
    /// calls of those connections are refused that hold much of it.
    package var unreadBytesMax = 64 << 20
    /// Of large values in answers that are not read, all connections together and each once, however
    /// often it is sent.  With more, reads of large values are refused.
    package var pinnedBytesMax = 64 << 20
    /// Of the answers in one message of a Pipeline, but for the last of them.
    package var pipelineMessageBytes = 64 << 10
    /// Of a Pipeline's answers that wait to be sent; with more, it does nothing until they are.
    package var pipelinePendingBytesMax = 256 << 10
    /// The same while the process holds all that unread answers may take.
    package var crowdedPendingBytesMax = 32 << 10
    /// Of operations that came in spite of that, into the window that the peer had.
    package var pipelineBacklogBytesMax = 8 << 20
    /// Encodings of messages, as in `grpc-accept-encoding`.
    package var encodings = ["identity", "deflate", "gzip"]

    /// The longest time to live that still fits when it is counted in nanoseconds from now.
    package static let ttlMillisCeiling = UInt64.max / nanosPerMilli / 4

    package init() {}

    /// Bounds what peers may make the server hold, for requests and for answers.
    package mutating func adopt(uploadBytesMax: Int, egressBytesMax: Int) {
        self.uploadBytesMax = uploadBytesMax
        waitingUploadBytesMax = uploadBytesMax
        pinnedBytesMax = egressBytesMax
        // Small answers that many wait for are no reason to hold more than that.
        unreadBytesMax = min(unreadBytesMax, egressBytesMax)
    }
}

/// Nanoseconds in a millisecond.
package let nanosPerMilli: UInt64 = 1_000_000
