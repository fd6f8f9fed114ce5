import LarderClient
import Synchronization

/// How far an export has come, written by the task that writes the file, read by the one that
/// draws.
final class ExportProgress: Sendable {
    private struct State {
        var entryCount: UInt64 = 0
        var bytes: UInt64 = 0
        var scanned: UInt64 = 0
        var total: UInt64 = 0
    }

    private let state = Mutex(State())

    func came(_ answer: ExportResponse, entryCount: UInt64) {
        let bytes = answer.entries.reduce(UInt64(0)) { sum, entry in
            sum + UInt64(entry.key.count + entry.value.count)
        }
        state.withLock { state in
            state.entryCount = entryCount
            state.bytes += bytes
            state.scanned = answer.scanned
            state.total = answer.total
        }
    }

    /// The progress bar's line.
    func line(seconds: Double) -> String {
        let state = state.withLock { $0 }
        return ProgressBar.bar(state.scanned, of: state.total) + figures(state, seconds)
    }

    func summary(seconds: Double) -> String {
        figures(state.withLock { $0 }, seconds) + "  in \(Readable.seconds(seconds))"
    }

    private func figures(_ state: State, _ seconds: Double) -> String {
        "\(Readable.count(state.entryCount)) items  \(Readable.bytes(state.bytes))  "
            + Readable.rate(state.entryCount, seconds: seconds)
    }
}
