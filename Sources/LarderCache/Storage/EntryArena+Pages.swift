internal import LarderPages

// The pages of values that are too large for a cell. A value begins anywhere in its first page:
// where, and how long it is, tells which pages it has.
extension EntryArena {
    /// Pages for a value of so many bytes, whose entry has this cell; all of them will be written
    /// at once.
    @unsafe
    static func takePages(
        bytes: Int, for cell: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        unsafe control(start(of: cell)).pointee.pages.pages(bytes: bytes)
    }

    /// Takes back the pages of a value of so many bytes, which begins at `value`.
    @unsafe
    static func givePages(
        of value: UnsafeMutableRawPointer, bytes: Int, cell: UnsafeMutableRawPointer
    ) {
        let offset = unsafe SystemPages.offset(of: value)
        unsafe control(start(of: cell)).pointee.pages.keep(value - offset, bytes: offset + bytes)
    }
}
