/// Room for the plaintext of as much ciphertext as one read of a socket brings.
@safe
package final class TLSBuffer {
    package static let ciphertextBytesMax = LoopCore.receiveBytes
    // A record whose last byte has just come brings its other bytes along.
    static let bytesMax = ciphertextBytesMax + 2 * TLSMachine.recordBytesMax

    let base: UnsafeMutablePointer<UInt8>

    package init() {
        unsafe base = .allocate(capacity: Self.bytesMax)
        unsafe base.initialize(repeating: 0, count: Self.bytesMax)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// The first bytes of it.
    @_lifetime(borrow self)
    package func bytes(_ count: Int) -> Span<UInt8> {
        precondition(count <= Self.bytesMax, "bytes of the buffer")
        let span = unsafe Span(_unsafeStart: base, count: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}
