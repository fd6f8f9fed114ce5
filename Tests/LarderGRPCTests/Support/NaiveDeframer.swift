import LarderGRPC

/// The deframer's twin: it keeps every byte and reads them again from the start.
struct NaiveDeframer {
    let messageBytesMax: Int
    private(set) var messages: [[UInt8]] = []
    private(set) var error: DeframeError?

    init(_ stream: [UInt8], messageBytesMax: Int) {
        self.messageBytesMax = messageBytesMax
        error = read(stream)
    }

    private mutating func read(_ stream: [UInt8]) -> DeframeError? {
        var rest = stream[...]
        while !rest.isEmpty {
            guard rest.count >= 5 else { return .truncated }
            let prefix = Array(rest.prefix(5))
            if prefix[0] == 1 { return .compressedWithoutEncoding }
            if prefix[0] != 0 { return .unknownFlag(prefix[0]) }
            let length = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
            guard length <= messageBytesMax else {
                return .messageTooLarge(
                    announcedBytes: UInt32(length), limitBytes: UInt32(messageBytesMax))
            }
            rest = rest.dropFirst(5)
            guard rest.count >= length else { return .truncated }
            messages.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return nil
    }
}

/// A message behind its prefix.
func framed(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    let prefix = MessagePrefix.encode(messageBytes: UInt32(message.count))
    return [flag] + (1..<5).map { prefix[$0] } + message
}

/// The stream cut at the given places.
func pieces(of stream: [UInt8], cuts: [Int]) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var begin = 0
    for cut in cuts.sorted() + [stream.count] {
        pieces.append(Array(stream[begin..<cut]))
        begin = cut
    }
    return pieces
}
