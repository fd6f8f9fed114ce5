/// A stream's hold of a header block.
@safe
struct HeldBlock: ~Copyable {
    // Owns a reference to a block that is not everlasting.
    private var held: Unmanaged<HeaderBlock>?

    init() {}

    deinit { release() }

    /// Calls `body` with the block, if there is one.
    @inline(__always)
    @discardableResult
    func use<Answer>(_ body: (HeaderBlock) -> Answer) -> Answer? {
        guard let held = unsafe held else { return nil }
        return unsafe held._withUnsafeGuaranteedRef { body($0) }
    }

    @inline(__always)
    mutating func hold(_ block: HeaderBlock) {
        clear()
        unsafe held = block.isEverlasting ? .passUnretained(block) : .passRetained(block)
    }

    @inline(__always)
    mutating func clear() {
        release()
        unsafe held = nil
    }

    @inline(__always)
    private func release() {
        guard let held = unsafe held else { return }
        if unsafe !held._withUnsafeGuaranteedRef({ $0.isEverlasting }) { unsafe held.release() }
    }
}
