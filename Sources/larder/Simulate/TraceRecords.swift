/// Cuts the bytes of a trace into requests.
struct TraceRecords {
    private static let lineBytesMax = 4096

    private let format: TraceFormat
    private let path: String
    private var held: [UInt8] = []
    /// Where `held` begins, in the unpacked trace.
    private var heldOffset: UInt64 = 0
    private var line = 0

    init(format: TraceFormat, path: String) {
        self.format = format
        self.path = path
    }

    /// Takes the next bytes; adds the requests that are whole to `trace`.
    mutating func take(
        _ bytes: borrowing Span<UInt8>, to trace: inout Trace
    ) throws(CommandFailure) {
        for index in bytes.indices { held.append(bytes[index]) }
        var used = 0
        switch format {
        case .auto, .larder:
            // {u32 seconds, u64 key, u32 size}, little-endian.
            while held.count - used >= 16 {
                trace.append(key: word(used + 4), size: half(used + 12))
                used += 16
            }
        case .oracle:
            // libCacheSim: {u32 seconds, u64 key, u32 size, i64 next}, little-endian.
            while held.count - used >= 24 {
                trace.append(key: word(used + 4), size: half(used + 12))
                used += 24
            }
        case .csv:
            while let end = held[used...].firstIndex(of: UInt8(ascii: "\n")) {
                try takeLine(used..<end, to: &trace)
                used = end + 1
            }
            guard held.count - used <= Self.lineBytesMax else {
                throw malformed("line \(line + 1) is longer than \(Self.lineBytesMax) bytes", used)
            }
        }
        held.removeFirst(used)
        heldOffset += UInt64(used)
    }

    /// Takes the end of the trace.
    mutating func finish(to trace: inout Trace) throws(CommandFailure) {
        if format == .csv {
            if !held.isEmpty { try takeLine(held.indices, to: &trace) }
        } else if !held.isEmpty {
            throw malformed("the trace ends inside a record", 0)
        }
        guard !trace.requests.isEmpty else { throw malformed("the trace holds no request", 0) }
    }

    // MARK: CSV

    private mutating func takeLine(
        _ range: Range<Int>, to trace: inout Trace
    ) throws(CommandFailure) {
        line += 1
        var end = range.upperBound
        if end > range.lowerBound, held[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let text = held[range.lowerBound..<end]
        if text.isEmpty { return }
        let fields = text.split(
            separator: UInt8(ascii: ","), maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count >= 3 else {
            throw malformed(
                "line \(line) has fewer than the three fields time,key,size", range.lowerBound)
        }
        // One line of names may stand at the head.
        if line == 1, Self.number(fields[2]) == nil, Self.number(fields[0]) == nil { return }
        guard let size = Self.number(fields[2]), let small = UInt32(exactly: size) else {
            throw malformed("line \(line): the size is no number below 4 GiB", range.lowerBound)
        }
        guard !fields[1].isEmpty else {
            throw malformed("line \(line): the key is empty", range.lowerBound)
        }
        trace.append(key: Self.number(fields[1]) ?? Self.hash(fields[1]), size: small)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var number: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = tens.addingReportingOverflow(
                UInt64(digit - UInt8(ascii: "0")))
            guard !isTooLarge && !isStillTooLarge else { return nil }
            number = sum
        }
        return number
    }

    /// A number for a key in words: FNV-1a.
    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    // MARK: numbers

    private func half(_ offset: Int) -> UInt32 {
        var number: UInt32 = 0
        for index in 0..<4 { number |= UInt32(held[offset + index]) << UInt32(8 * index) }
        return number
    }

    private func word(_ offset: Int) -> UInt64 {
        UInt64(half(offset)) | UInt64(half(offset + 4)) << 32
    }

    private func malformed(_ what: String, _ place: Int) -> CommandFailure {
        CommandFailure(
            "\(path): \(what) (at byte \(heldOffset + UInt64(place)))",
            exitCode: ClientExit.malformedInput)
    }
}
