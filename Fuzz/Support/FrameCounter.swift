/// Follows the frames that a session says.
struct FrameCounter {
    private var head: [UInt8] = []
    private var payloadLeft = 0

    var isBetweenFrames: Bool { head.isEmpty && payloadLeft == 0 }

    mutating func count(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if payloadLeft > 0 {
                let taken = min(payloadLeft, rest.count)
                payloadLeft -= taken
                rest = rest.dropFirst(taken)
                continue
            }
            let taken = rest.prefix(9 - head.count)
            head += taken
            rest = rest.dropFirst(taken.count)
            guard head.count == 9 else { return }
            payloadLeft = head.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            precondition(head[3] <= 9, "a server says frames of known types only")
            head = []
        }
    }
}
