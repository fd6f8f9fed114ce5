/// The numbers of the bins that holes of like size are kept in.
enum ArenaBins {
    /// Up to here each number of units has its own bin; beyond, eight bins share an octave.
    static let exactUnitsMax: UInt32 = 64
    static let count = 168
    static let maskWords = 3

    /// The bin of a hole.
    @inline(__always)
    static func bin(ofHole units: UInt32) -> Int {
        if units <= exactUnitsMax { return Int(units) - 1 }
        let exponent = 31 - units.leadingZeroBitCount
        let step = Int(units &>> UInt32(exponent - 3)) & 7
        return Int(exactUnitsMax) + (exponent - 6) * 8 + step
    }

    /// The first bin all of whose holes have room for so many units.
    @inline(__always)
    static func bin(fitting units: UInt32) -> Int {
        if units <= exactUnitsMax { return Int(units) - 1 }
        let exponent = 31 - units.leadingZeroBitCount
        return bin(ofHole: units + (1 &<< UInt32(exponent - 3)) - 1)
    }
}
