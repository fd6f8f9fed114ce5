/// What a peer's header blocks have added to the decoder's table of late: enough to tell whether an
/// index of a later block means the same field as one of an earlier block.
///
/// Fields have numbers, from 1 on, that never change while the table moves. A table is the fields
/// that were added last, as many as there is room for (RFC 7541, 4), so a field is there if all
/// from it to the newest are no more bytes than the table has.
@safe
struct AddedFields: ~Copyable {
    /// A table of 4 KiB, as the decoder has it, holds no more.
    private static let countMax = 128
    /// What a table counts for each field besides its name and value.
    private static let overheadBytes = 32

    @unsafe
    private struct Added {
        /// Of this field and of all before it.
        var totalBytes = 0
        /// Its value, if it is the one that may differ.
        var varying: ShortText?
    }

    /// The number of the newest field.
    private(set) var count = 0
    private var totalBytes = 0
    // Taken with the first field.
    private var ring: UnsafeMutablePointer<Added>?
    /// How many bytes the decoder's table has now.
    var tableBytes = 0

    deinit { unsafe ring?.deallocate() }

    /// Nothing is known any more; numbers mean other fields from here on.
    mutating func forget() {
        count = 0
        totalBytes = 0
        tableBytes = 0
    }

    mutating func letGo() {
        forget()
        unsafe ring?.deallocate()
        unsafe ring = nil
    }

    /// What a field takes in the table.
    static func bytes(name: Int, value: Int) -> Int { name + value + overheadBytes }

    /// A field was added, which takes so many bytes.
    mutating func add(bytes: Int, varying: ShortText?) {
        let ring = unsafe ring ?? makeRing()
        count += 1
        totalBytes += bytes
        unsafe ring[count % Self.countMax] = unsafe Added(totalBytes: totalBytes, varying: varying)
    }

    private mutating func makeRing() -> UnsafeMutablePointer<Added> {
        let made = UnsafeMutablePointer<Added>.allocate(capacity: Self.countMax)
        unsafe made.initialize(repeating: Added(), count: Self.countMax)
        unsafe ring = made
        return unsafe made
    }

    /// The number of the field with this index of the dynamic table, if `newCount` more are there by
    /// then. It need not be known.
    func number(index: Int, newCount: Int) -> Int {
        count + newCount - (index - HeaderRepresentation.newestIndex)
    }

    /// Whether the field is known and in the table, also when `newBytes` more are added to it.
    func isThere(_ number: Int, newBytes: Int) -> Bool {
        guard number > 0, number <= count, number > count - Self.countMax + 1,
            let ring = unsafe ring
        else { return false }
        // The bytes before it are those up to the one before it, which the ring has as well.
        let before = number == 1 ? 0 : unsafe ring[(number - 1) % Self.countMax].totalBytes
        return totalBytes - before + newBytes <= tableBytes
    }

    /// The value of a field that is there, if it is the one that may differ.
    func varying(_ number: Int) -> ShortText? {
        guard let ring = unsafe ring else { return nil }
        return unsafe ring[number % Self.countMax].varying
    }
}
