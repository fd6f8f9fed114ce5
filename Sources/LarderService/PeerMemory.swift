import Synchronization

/// The memory outside the cache that all peers together may take.
///
/// Loops share it, so that its bounds hold for the process. Nothing is counted on the way of a
/// small call: requests that come in one piece take no part, and connections tell only of answers
/// that are many and unread.
package final class PeerMemory: Sendable {
    /// Of requests that have come in part, for which room to their end is kept.
    package let uploadBytesMax: Int
    /// Of parts of requests that wait for such room.
    package let waitingUploadBytesMax: Int
    /// What one connection may have kept of `uploadBytesMax`.
    package let connectionUploadBytesMax: Int
    /// Of copied answers that nobody reads, and of open calls.
    package let unreadBytesMax: Int
    /// Of values that unread answers keep from going.
    package let pinnedBytesMax: Int

    /// One connection cannot keep the others from uploading.
    private static let connectionsAtLeast = 4

    private let uploads = Atomic<Int>(0)
    private let waitingUploads = Atomic<Int>(0)
    private let unread = Atomic<Int>(0)
    /// What unread answers keep from going, each value once.
    package let pinned = PinnedValues()

    package init(_ limits: Limits) {
        // The longest message has to find room when it is alone.
        let messageBytesMax = Int(limits.messageBytesMax)
        uploadBytesMax = max(limits.uploadBytesMax, messageBytesMax)
        waitingUploadBytesMax = limits.waitingUploadBytesMax
        connectionUploadBytesMax = max(
            limits.uploadBytesMax / Self.connectionsAtLeast, messageBytesMax)
        unreadBytesMax = limits.unreadBytesMax
        pinnedBytesMax = limits.pinnedBytesMax
    }

    // MARK: Uploads

    /// Keeps room for a request, unless there is not that much.
    package func keepUpload(_ bytes: Int) -> Bool {
        Self.take(bytes, from: uploads, max: uploadBytesMax)
    }

    /// Counts an unpacked message, for which there is room in any case: there is one for each loop
    /// at most, and the others make room for it.
    package func addUpload(_ bytes: Int) {
        uploads.wrappingAdd(bytes, ordering: .relaxed)
    }

    package func letUploadGo(_ bytes: Int) {
        uploads.wrappingSubtract(bytes, ordering: .relaxed)
    }

    /// Counts bytes of a request that waits for room, unless too many do already.
    package func keepWaitingUpload(_ bytes: Int) -> Bool {
        Self.take(bytes, from: waitingUploads, max: waitingUploadBytesMax)
    }

    package func letWaitingUploadGo(_ bytes: Int) {
        waitingUploads.wrappingSubtract(bytes, ordering: .relaxed)
    }

    /// What uploads take now, those that wait among them.
    package var uploadBytes: Int {
        uploads.load(ordering: .relaxed) + waitingUploads.load(ordering: .relaxed)
    }

    private static func take(_ bytes: Int, from count: borrowing Atomic<Int>, max: Int) -> Bool {
        let after = count.wrappingAdd(bytes, ordering: .relaxed).newValue
        if after <= max { return true }
        count.wrappingSubtract(bytes, ordering: .relaxed)
        return false
    }

    // MARK: Answers

    package func addUnread(_ bytes: Int) { unread.wrappingAdd(bytes, ordering: .relaxed) }

    package var unreadBytes: Int { unread.load(ordering: .relaxed) }

    package var isUnreadFull: Bool { unreadBytes > unreadBytesMax }

    /// Nothing large may be read until some of it has been taken.
    package var isPinnedFull: Bool { pinned.bytes > pinnedBytesMax }
}
