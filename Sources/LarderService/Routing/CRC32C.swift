/// The CRC-32C (Castagnoli) of bytes that may come in parts.
///
/// - Complexity: `update` is O(n), eight bytes a step.
package struct CRC32C: Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    // Slicing by eight: row r holds the remainder of a byte that is followed by r zero bytes.
    // Source: Kounavis, Berry: Novel Table Lookup-Based Algorithms for High-Performance CRC.
    private static let rowCount = 8
    private static let table: [UInt32] = {
        let polynomial: UInt32 = 0x82F6_3B78
        var table = [UInt32](repeating: 0, count: rowCount * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 {
                remainder = remainder & 1 == 1 ? (remainder >> 1) ^ polynomial : remainder >> 1
            }
            table[byte] = remainder
        }
        for entry in 256..<table.count {
            let previous = table[entry - 256]
            table[entry] = (previous >> 8) ^ table[Int(previous & 0xFF)]
        }
        return table
    }()

    package init() {}

    /// The checksum of what came so far.
    package var value: UInt32 { ~state }

    package mutating func update(_ bytes: Span<UInt8>) {
        let storage = Self.table
        let table = storage.span
        var crc = state
        var offset = 0
        let count = bytes.count
        while count - offset >= Self.rowCount {
            let low = crc ^ littleEndian32(bytes, at: offset)
            let high = littleEndian32(bytes, at: offset + 4)
            crc = table[0x700 + Int(low & 0xFF)] ^ table[0x600 + Int((low >> 8) & 0xFF)]
            crc ^= table[0x500 + Int((low >> 16) & 0xFF)] ^ table[0x400 + Int(low >> 24)]
            crc ^= table[0x300 + Int(high & 0xFF)] ^ table[0x200 + Int((high >> 8) & 0xFF)]
            crc ^= table[0x100 + Int((high >> 16) & 0xFF)] ^ table[Int(high >> 24)]
            offset += Self.rowCount
        }
        while offset < count {
            crc = (crc >> 8) ^ table[Int((crc ^ UInt32(bytes[offset])) & 0xFF)]
            offset += 1
        }
        state = crc
    }

    /// The checksum that an Entry carries: of the key and then of the value.
    package static func of(key: Span<UInt8>, value: Span<UInt8>) -> UInt32 {
        var crc = CRC32C()
        crc.update(key)
        crc.update(value)
        return crc.value
    }
}

/// The four bytes from `offset` on as a little-endian number.
func littleEndian32(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
    UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8
        | UInt32(bytes[offset + 2]) << 16 | UInt32(bytes[offset + 3]) << 24
}

/// The eight bytes from `offset` on as a little-endian number.
func littleEndian64(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
    UInt64(littleEndian32(bytes, at: offset)) | UInt64(littleEndian32(bytes, at: offset + 4)) << 32
}
