import LarderProtocol

/// A generator that gives the same numbers for the same seed: SplitMix64.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension Seeded {
    mutating func bool() -> Bool { next() & 1 == 1 }

    /// Numbers of every length, with 0 and the greatest among them.
    mutating func uint64() -> UInt64 {
        let number = next()
        return [0, 1, .max, number, number >> UInt64.random(in: 0..<64, using: &self)][choose(5)]
    }

    mutating func uint32() -> UInt32 { UInt32(truncatingIfNeeded: uint64()) }

    mutating func int32() -> Int32 { Int32(truncatingIfNeeded: uint64()) }

    mutating func choose(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

    mutating func bytes() -> [UInt8] {
        let count = [0, 1, 16, 127, 128, 300][choose(6)]
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func text() -> String { ["", "a", "default", "é", "日本語", "\0", "😀"][choose(7)] }

    mutating func maybe<Value>(_ make: (inout Seeded) -> Value) -> Value? {
        bool() ? make(&self) : nil
    }

    mutating func some<Value>(_ make: (inout Seeded) -> Value) -> [Value] {
        (0..<choose(4)).map { _ in make(&self) }
    }
}
