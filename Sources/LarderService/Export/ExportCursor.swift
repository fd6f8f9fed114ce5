import LarderCache
import LarderProtocol

/// A place in an export, as the bytes that a client gives back to go on.
///
/// It is good for the process that made it and for an export with the same filters.
struct ExportCursor: Equatable {
    private static let format: UInt8 = 1
    static let encodedBytes = 46

    enum Place: Equatable {
        /// Everything before is sent.
        case before(ScanCursor)
        case end
    }

    var startID: UInt64
    var filterHash: UInt64
    var place: Place
    /// How many entries of all lie behind the place: an estimate.
    var scanned: UInt64

    init(startID: UInt64, filterHash: UInt64, place: Place, scanned: UInt64) {
        self.startID = startID
        self.filterHash = filterHash
        self.place = place
        self.scanned = scanned
    }

    /// Nil: the bytes are no cursor.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.encodedBytes, bytes[0] == Self.format else { return nil }
        let span = bytes.span
        let checkedBytes = Self.encodedBytes - 4
        var crc = CRC32C()
        crc.update(span.extracting(0..<checkedBytes))
        guard crc.value == littleEndian32(span, at: checkedBytes) else { return nil }
        startID = littleEndian64(span, at: 2)
        filterHash = littleEndian64(span, at: 10)
        let scan = ScanCursor(
            shard: littleEndian64(span, at: 18), position: littleEndian64(span, at: 26))
        scanned = littleEndian64(span, at: 34)
        switch bytes[1] {
        case 0: place = .before(scan)
        case 1: place = .end
        default: return nil
        }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.format]
        bytes.reserveCapacity(Self.encodedBytes)
        var scan = ScanCursor.start
        switch place {
        case .before(let cursor):
            bytes.append(0)
            scan = cursor
        case .end: bytes.append(1)
        }
        for number in [startID, filterHash, scan.shard, scan.position, scanned] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
        }
        var crc = CRC32C()
        crc.update(bytes.span)
        for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: crc.value >> (8 * shift))) }
        return bytes
    }
}
