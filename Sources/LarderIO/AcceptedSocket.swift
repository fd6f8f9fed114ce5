import Synchronization

/// A connection that has been accepted and has no loop yet: any loop may adopt it.
///
/// Closes the connection if nobody does.
package final class AcceptedSocket: Sendable {
    private let number: Mutex<Int32?>
    let isUnix: Bool

    init(_ descriptor: consuming FileDescriptor, isUnix: Bool) {
        number = Mutex(descriptor.take())
        self.isUnix = isUnix
    }

    deinit {
        _ = take()
    }

    /// Nil from the second time on.
    func take() -> FileDescriptor? {
        let taken = number.withLock { number in
            defer { number = nil }
            return number
        }
        guard let taken else { return nil }
        return FileDescriptor(taken)
    }
}
