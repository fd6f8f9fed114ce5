/// How the bytes of a `Session` input are laid out: the same for the target and for its seeds.
struct SessionScript {
    /// The target puts the client's preface and empty SETTINGS in front.
    static let withPreface: UInt8 = 1
    /// What follows are frames told by five bytes, not bytes as they travel.
    static let asFrames: UInt8 = 2
    /// The output has enough after every piece.
    static let isStingy: UInt8 = 4
    /// Nothing received is given back before the end of its stream.
    static let consumesLate: UInt8 = 8

    /// Put before the payload of a HEADERS frame whose flags have this bit.
    static let requestBlockFlag: UInt8 = 0x80
    // POST http /x at localhost, without compression state.
    static let requestBlock: [UInt8] =
        [0x83, 0x86, 4, 2] + Array("/x".utf8) + [1, 9] + Array("localhost".utf8)

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [])

    let flags: UInt8
    /// Bytes of one `receive`; 0: all at once.
    let pieceBytes: Int
    /// What becomes of the streams, in turn.
    let answers: [UInt8]
    let bytes: [UInt8]

    init(_ input: inout FuzzInput) {
        flags = input.byte()
        pieceBytes = Int(input.byte())
        answers = (0..<4).map { _ in input.byte() }
        var bytes = flags & Self.withPreface != 0 ? Self.preface : []
        if flags & Self.asFrames == 0 {
            bytes += input.rest()
        } else {
            while !input.isAtEnd { bytes += Self.frame(&input) }
        }
        self.bytes = bytes
    }

    var isStingy: Bool { flags & Self.isStingy != 0 }
    var consumesLate: Bool { flags & Self.consumesLate != 0 }

    var pieces: [[UInt8]] {
        guard pieceBytes > 0 else { return [bytes] }
        return stride(from: 0, to: bytes.count, by: pieceBytes).map {
            Array(bytes[$0..<min($0 + pieceBytes, bytes.count)])
        }
    }

    private static func frame(_ input: inout FuzzInput) -> [UInt8] {
        let type = UInt8(input.choice(of: 12))
        let flags = input.byte()
        let stream = input.byte() & 31
        var payload = input.lengthAndRun()
        if type == 1, flags & requestBlockFlag != 0 { payload = requestBlock + payload }
        return frame(type, flags & ~requestBlockFlag, UInt32(stream), payload)
    }

    static func frame(
        _ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]
    ) -> [UInt8] {
        let count = UInt32(payload.count)
        let length = [16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
        let number = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> $0) }
        return length + [type, flags] + number + payload
    }
}
