import GRPCCore

/// A GetRequest or a SetRequest: their keys and values have the same numbers (1, 15).
struct Item {
    var key: [UInt8] = []
    var value: [UInt8] = []
}

/// A GetResponse or a SetResponse: outcome (1), version (2), and of a hit value_bytes (5) and value (15).
struct Answer {
    var outcome: UInt64
    var version: UInt64 = 0
    var value: [UInt8] = []
}

struct Malformed: Error {}

struct ItemDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Item {
        try bytes.withUnsafeBytes { bytes in
            var item = Item()
            var at = 0
            while at < bytes.count {
                let tag = try varint(bytes, &at)
                let number = try varint(bytes, &at)
                guard tag & 7 == 2 else { continue }
                guard number <= UInt64(bytes.count - at) else { throw Malformed() }
                let field = bytes[at..<at + Int(number)]
                switch tag >> 3 {
                case 1: item.key = Array(field)
                case 15: item.value = Array(field)
                default: break
                }
                at += Int(number)
            }
            return item
        }
    }

    /// The number at `at`, which it moves behind it.
    private func varint(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) throws -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard at < bytes.count else { throw Malformed() }
            let byte = bytes[at]
            at += 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        throw Malformed()
    }
}

struct AnswerSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ answer: Answer) -> Bytes {
        let valueBytes = UInt64(answer.value.count)
        let numbers: [(field: UInt64, number: UInt64)] = [
            (1, answer.outcome), (2, answer.version), (5, valueBytes),
        ]
        var head: [UInt8] = []
        head.reserveCapacity(32)
        for (field, number) in numbers where number != 0 {
            append(field << 3, to: &head)
            append(number, to: &head)
        }
        if valueBytes > 0 {
            append(15 << 3 | 2, to: &head)
            append(valueBytes, to: &head)
        }
        var bytes = Bytes(repeating: 0, count: head.count + answer.value.count)
        bytes.withUnsafeMutableBytes {
            $0.copyBytes(from: head)
            UnsafeMutableRawBufferPointer(rebasing: $0[head.count...]).copyBytes(from: answer.value)
        }
        return bytes
    }

    private func append(_ number: UInt64, to bytes: inout [UInt8]) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
