// Another value in the same cell.
extension EntryBlock {
    /// The longest value that is overwritten where it lies: the copy is made under a lock.
    static let overwriteBytesMax = 4096

    /// Whether the entry can take this value, these flags and this expiry as it is: the value is
    /// as long as the present one, and the entry comes up in the wheel no later than it has to.
    func suits(valueBytes count: Int, flags: UInt32, expiresAtNanos expiry: UInt64) -> Bool {
        count == valueBytes && count <= Self.overwriteBytesMax
            && (flags == 0 || hasFlags) && expiry >= expiresAtNanos
    }

    /// Puts another value in the place of the present one. For whoever is alone with the entry,
    /// under its shard's lock, and has asked whether it suits.
    func overwrite(
        value: Span<UInt8>, flags: UInt32, version: UInt64, nowNanos: UInt64,
        expiresAtNanos: UInt64
    ) {
        precondition(
            value.count == valueBytes && value.count <= Self.overwriteBytesMax,
            "the value fits the one it replaces")
        unsafe value.copy(to: memory + headBytes + keyBytes)
        self.flags = flags
        noteWrite(version: version, nowNanos: nowNanos)
        self.expiresAtNanos = expiresAtNanos
        isTouched = true
    }
}
