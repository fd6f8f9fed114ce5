/// A line at the foot of the terminal that is drawn again and again, on standard error.
///
/// Draws nothing when standard error is no terminal.
struct ProgressBar {
    private static let cells = 10
    private static let intervalNanos: UInt64 = 100_000_000

    private let task: Task<Void, Never>?

    /// Draws `line` at most ten times a second until `end`.
    init(isWanted: Bool, line: @escaping @Sendable () -> String) {
        guard isWanted, Terminal.isError else {
            task = nil
            return
        }
        task = Task {
            while !Task.isCancelled {
                // Without line wrap: a narrow terminal shows the beginning, on one line.
                Terminal.writeError("\r\u{1B}[?7l\(line())\u{1B}[K\u{1B}[?7h")
                try? await Task.sleep(nanoseconds: Self.intervalNanos)
            }
        }
    }

    /// Stops drawing and clears the line.
    func end() async {
        guard let task else { return }
        task.cancel()
        await task.value
        erase()
    }

    /// Clears the line, which may be drawn again.
    func erase() {
        if task != nil { Terminal.writeError("\r\u{1B}[K") }
    }

    /// `#####----- 61 %`; empty when the whole is not known.
    static func bar(_ done: UInt64, of whole: UInt64?) -> String {
        guard let whole, whole > 0 else { return "" }
        let share = min(1, Double(done) / Double(whole))
        let full = Int(share * Double(cells))
        let percent = String(Int(share * 100))
        let pad = String(repeating: " ", count: 3 - percent.count)
        return String(repeating: "#", count: full)
            + String(repeating: "-", count: cells - full) + "\(pad)\(percent) %  "
    }
}
