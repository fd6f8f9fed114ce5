/// Short words side by side, in memory that is used again and again.
///
/// There are no more of them than header lists in one receive.
@safe
struct ShortTexts: ~Copyable {
    private static let firstCount = 8
    private static let keptCount = 1024

    // Each word has 16 bytes, the last of them its count.
    private static let stride = ShortText.countMax + 1
    private var base: UnsafeMutablePointer<UInt8>?
    private var capacity = 0
    private var count = 0

    deinit { unsafe base?.deallocate() }

    mutating func clear() {
        count = 0
        if capacity > Self.keptCount { letGo() }
    }

    mutating func letGo() {
        unsafe base?.deallocate()
        unsafe base = nil
        capacity = 0
        count = 0
    }

    /// Answers the place of the word, from 1 on.
    mutating func append(_ text: ShortText) -> Int32 {
        let base = unsafe count < capacity ? base ?? grow() : grow()
        unsafe text.write(to: base + count * Self.stride)
        count += 1
        return Int32(clamping: count)
    }

    private mutating func grow() -> UnsafeMutablePointer<UInt8> {
        let grownCapacity = max(capacity * 2, Self.firstCount)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: grownCapacity * Self.stride)
        if let base = unsafe base {
            unsafe grown.update(from: base, count: count * Self.stride)
            unsafe base.deallocate()
        }
        unsafe base = grown
        capacity = grownCapacity
        return unsafe grown
    }

    /// The word at a place; none at any other.
    @_lifetime(borrow self)
    func text(_ place: Int32) -> Span<UInt8> {
        let index = Int(place) - 1
        guard let base = unsafe base, index >= 0, index < count else { return Span() }
        let start = unsafe base + index * Self.stride
        let bytes = unsafe Span(
            _unsafeStart: UnsafePointer(start), count: Int(start[ShortText.countMax]))
        return unsafe _overrideLifetime(bytes, borrowing: self)
    }
}
