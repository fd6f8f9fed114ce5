import LarderClient
import Synchronization

/// How far a load has come, written by the task that reads and the one that hears of
/// acknowledgements, read by the one that draws.
final class LoadProgress: Sendable {
    struct State: Sendable {
        /// Entries read, those that the server had included.
        var items: UInt64 = 0
        /// Their keys and values.
        var itemBytes: UInt64 = 0
        /// Of the input.
        var readBytes: UInt64 = 0
        /// Malformed ones that were passed over.
        var skipped: UInt64 = 0
        /// What the server said last.
        var acknowledged = BulkLoadResponse()
        /// What it had before this run began.
        var resumedFrom: UInt64 = 0
    }

    private let state = Mutex(State())

    var snapshot: State { state.withLock { $0 } }

    /// A new pass over the input begins.
    func began(_ load: BulkLoadResponse) {
        state.withLock { state in
            state.items = 0
            state.itemBytes = 0
            state.readBytes = 0
            state.skipped = 0
            state.acknowledged = load
        }
    }

    func resumed(from committed: UInt64) {
        state.withLock { $0.resumedFrom = committed }
    }

    func read(items: UInt64, itemBytes: UInt64, skipped: UInt64, readBytes: UInt64) {
        state.withLock { state in
            state.items += items
            state.itemBytes += itemBytes
            state.skipped += skipped
            state.readBytes = readBytes
        }
    }

    func acknowledged(_ answer: BulkLoadResponse) {
        state.withLock { $0.acknowledged = answer }
    }
}
