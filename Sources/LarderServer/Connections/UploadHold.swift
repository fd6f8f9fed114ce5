import LarderService

/// The requests of one connection that have come in part, and what is kept for them.
final class ConnectionUploads {
    let memory: PeerMemory
    private var keptBytes = 0

    init(_ memory: PeerMemory) { self.memory = memory }

    func keep(_ bytes: Int) -> Bool {
        guard keptBytes + bytes <= memory.connectionUploadBytesMax, memory.keepUpload(bytes) else {
            return false
        }
        keptBytes += bytes
        return true
    }

    func letGo(_ bytes: Int) {
        keptBytes -= bytes
        memory.letUploadGo(bytes)
    }
}

/// What one call's request has kept, until the call is gone.
struct UploadHold: ~Copyable {
    private let uploads: ConnectionUploads
    private var keptBytes = 0
    private var waitingBytes = 0
    /// The request waits for room: the peer is given no more window for it.
    private(set) var isWaiting = false

    init(_ uploads: ConnectionUploads) { self.uploads = uploads }

    deinit { giveBack() }

    private func giveBack() {
        if keptBytes > 0 { uploads.letGo(keptBytes) }
        if waitingBytes > 0 { uploads.memory.letWaitingUploadGo(waitingBytes) }
    }

    /// Room for the whole request is there.
    func covers(_ neededBytes: Int) -> Bool { neededBytes <= keptBytes }

    /// Takes room for the whole request, if there is.
    mutating func keep(_ neededBytes: Int) -> Bool {
        // What is kept was for an earlier request of the same call.
        if keptBytes > 0 { uploads.letGo(keptBytes) }
        keptBytes = 0
        guard uploads.keep(neededBytes) else { return false }
        if waitingBytes > 0 { uploads.memory.letWaitingUploadGo(waitingBytes) }
        keptBytes = neededBytes
        waitingBytes = 0
        isWaiting = false
        return true
    }

    /// Counts what has come of a request that waits; false: too much does already.
    mutating func wait(heldBytes: Int) -> Bool {
        isWaiting = true
        guard heldBytes > waitingBytes else { return true }
        guard uploads.memory.keepWaitingUpload(heldBytes - waitingBytes) else { return false }
        waitingBytes = heldBytes
        return true
    }

    /// Nothing is kept any more.
    mutating func clear() {
        giveBack()
        keptBytes = 0
        waitingBytes = 0
        isWaiting = false
    }
}
