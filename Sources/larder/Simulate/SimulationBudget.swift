import LarderServer

/// A budget to simulate: bytes, or a share of the bytes that a trace asks for.
enum SimulationBudget: Equatable {
    case bytes(UInt64)
    /// A part of the trace's unique bytes, from 0 to 1.
    case share(Double)

    /// A `ByteSize`, or a decimal number followed by `%`.
    init?(parsing text: String) {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else {
                return nil
            }
            self = .share(percent / 100)
        } else {
            guard let size = ByteSize(parsing: text), size.bytes > 0 else { return nil }
            self = .bytes(size.bytes)
        }
    }

    func bytes(of trace: Trace) -> UInt64 {
        switch self {
        case .bytes(let bytes): bytes
        case .share(let share): max(1, UInt64(share * Double(trace.uniqueBytes)))
        }
    }

    func share(of trace: Trace) -> Double {
        switch self {
        case .bytes(let bytes): Double(bytes) / Double(max(trace.uniqueBytes, 1))
        case .share(let share): share
        }
    }
}
