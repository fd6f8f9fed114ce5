/// Sixteen-byte keys by number, and a repeatable way to choose among the numbers.
struct Keys {
    static let bytes = 16
    private(set) var bytes = [UInt8](repeating: 0x6b, count: bytes)
    private var state: UInt64

    init(seed: Int) {
        state = UInt64(truncatingIfNeeded: seed) &* 0xd1b5_4a32_d192_ed03
    }

    /// Makes `bytes` the key of a number.
    @inline(__always)
    mutating func turn(to number: Int) {
        var span = bytes.mutableSpan
        for index in 0..<8 { span[8 &+ index] = UInt8(truncatingIfNeeded: number &>> (8 &* index)) }
    }

    /// Makes `bytes` one of the first `count` keys.
    @inline(__always)
    mutating func turnToAny(of count: Int) {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed &>> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed &>> 27) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed &>> 31
        turn(to: Int(truncatingIfNeeded: mixed.multipliedFullWidth(by: UInt64(count)).high))
    }

    /// Copies the key to a place in a message.
    @inline(__always)
    borrowing func copy(to message: inout MutableSpan<UInt8>, at start: Int) {
        for index in 0..<Self.bytes { message[start &+ index] = bytes[index] }
    }
}
