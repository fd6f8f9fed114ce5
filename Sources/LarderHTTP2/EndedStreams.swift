/// The streams that a client ended last, by END_STREAM or RST_STREAM, as frame heads tell it.
///
/// DATA and HEADERS on one of them break the protocol (RFC 9113, 5.1), whether the stream is still
/// known or not; the library passes over them once it has forgotten the stream. Streams that this
/// side has reset are not kept here: frames for them may be on their way.
struct EndedStreams: ~Copyable {
    private static let countMax = 8

    private var ids = InlineArray<8, Int32>(repeating: 0)
    private var next = 0
    /// The newest of all that ever were.
    private var newestID: Int32 = 0

    /// The connection error that the frame makes, if it makes one.
    mutating func fault(_ kind: FrameKind, on id: Int32, endOfStream: Bool) -> StreamFault? {
        switch kind {
        case .data, .headers:
            if id <= newestID, contains(id) { return .streamClosed }
            if endOfStream { add(id) }
        case .reset: add(id)
        case .priority: if id == 0 { return .priorityOfConnection }
        case .settings, .ping, .goAway, .windowUpdate, .other: break
        }
        return nil
    }

    private func contains(_ id: Int32) -> Bool {
        var found = false
        for index in 0..<Self.countMax where ids[index] == id { found = true }
        return found && id != 0
    }

    private mutating func add(_ id: Int32) {
        ids[next] = id
        next = (next + 1) % Self.countMax
        newestID = max(newestID, id)
    }
}

/// A fault of the peer that the library does not look for.
enum StreamFault {
    /// DATA or HEADERS where the peer had said that no more would come.
    case streamClosed
    /// PRIORITY on stream 0.
    case priorityOfConnection
    /// RST_STREAM or WINDOW_UPDATE of another length than theirs.
    case frameSize
}
