/// What the fuzzer made up, taken from the front: choices as single bytes, and runs of bytes.
///
/// Past the end every choice is 0 and every run is empty, so that any input means something.
struct FuzzInput {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The arguments of `LLVMFuzzerTestOneInput`, copied, so that the address sanitizer sees
    /// every read past their end.
    init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        self.init(unsafe [UInt8](UnsafeBufferPointer(start: start, count: count)))
    }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func byte() -> UInt8 {
        guard offset < bytes.count else { return 0 }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func choice(of count: Int) -> Int { Int(byte()) % count }

    mutating func uint64() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(byte()) } }

    /// As many bytes as asked for, or all that are left.
    mutating func run(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, offset + max(0, count))
        defer { offset = end }
        return Array(bytes[offset..<end])
    }

    /// A run that is told by its length: one byte up to 223, in steps of 64 above.
    mutating func lengthAndRun() -> [UInt8] {
        let length = Int(byte())
        return run(length < FuzzLength.shortEnd ? length : FuzzLength.longBytes(length))
    }

    mutating func rest() -> [UInt8] { run(bytes.count) }
}

/// How a run's length is told in one byte.
enum FuzzLength {
    static let shortEnd = 224
    private static let stepBytes = 64

    static func longBytes(_ told: Int) -> Int { (told - shortEnd + 4) * stepBytes }

    /// The byte for a run, and what must follow the run to fill it up.
    static func told(_ count: Int) -> (byte: UInt8, padding: Int) {
        if count < shortEnd { return (UInt8(count), 0) }
        for byte in shortEnd...255 where longBytes(byte) >= count {
            return (UInt8(byte), longBytes(byte) - count)
        }
        preconditionFailure("a seed's run is short enough to be told in one byte")
    }
}
