import Foundation

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
        Terminal.writeError("\r\u{1B}[K")
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

/// Numbers as people read them.
enum Readable {
    /// 612,000
    static func count(_ number: UInt64) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// 83.1 MiB
    static func bytes(_ number: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        guard number >= 1024 else { return "\(number) B" }
        var amount = Double(number) / 1024
        var index = 0
        while amount >= 1024, index < units.count - 1 {
            amount /= 1024
            index += 1
        }
        return "\(String(format: "%.1f", amount)) \(units[index])"
    }

    /// 211 k/s
    static func rate(_ count: UInt64, seconds: Double) -> String {
        let rate = seconds > 0 ? Double(count) / seconds : 0
        if rate >= 10_000 { return "\(Int(rate / 1000)) k/s" }
        return "\(Int(rate)) /s"
    }

    static func seconds(_ seconds: Double) -> String {
        String(format: "%.1f s", seconds)
    }
}
