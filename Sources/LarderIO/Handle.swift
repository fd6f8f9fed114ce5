import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A libuv handle: memory that stays where it is, alive until libuv has let go of it.
///
/// While it is open libuv holds one reference to the object (in `data`), so a caller may drop its
/// own. `close` gives that reference back from libuv's close callback, never earlier: callbacks of
/// pending requests still come in between.
@safe
package class Handle {
    enum Phase {
        case unopened, open, closing, closed
    }

    let core: LoopCore
    private(set) var handlePhase = Phase.unopened
    private let memory: UnsafeMutableRawPointer

    /// Memory for one C struct of the given type, all zero.
    init<Raw>(_ core: LoopCore, holding type: Raw.Type) {
        self.core = core
        unsafe memory = .allocate(
            byteCount: MemoryLayout<Raw>.size, alignment: MemoryLayout<Raw>.alignment)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Raw>.size)
    }

    deinit {
        unsafe memory.deallocate()
    }

    // libuv's handle types begin with the same fields, `uv_handle_t` first. These are the only
    // places where one is taken for another.
    final var raw: UnsafeMutablePointer<uv_handle_t> { unsafe view(as: uv_handle_t.self) }

    @inline(__always)
    final func view<Raw>(as type: Raw.Type) -> UnsafeMutablePointer<Raw> {
        unsafe memory.assumingMemoryBound(to: Raw.self)
    }

    @inline(__always)
    static func owner<Raw, Owner: Handle>(
        of handle: UnsafeMutablePointer<Raw>, as type: Owner.Type
    ) -> Owner {
        let base = unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
        return unsafe Unmanaged<Owner>.fromOpaque(base.pointee.data).takeUnretainedValue()
    }

    /// As `owner`, lent for the time of a callback of libuv's, which keeps it alive meanwhile.
    @inline(__always)
    static func withOwner<Raw, Owner: Handle>(
        of handle: UnsafeMutablePointer<Raw>, as type: Owner.Type, _ body: (Owner) -> Void
    ) {
        let base = unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
        unsafe Unmanaged<Owner>.fromOpaque(base.pointee.data)._withUnsafeGuaranteedRef(body)
    }

    /// To be called once `uv_*_init` has succeeded: from here on libuv keeps the object alive.
    final func didOpen() {
        precondition(handlePhase == .unopened, "a handle is opened once")
        handlePhase = .open
        unsafe raw.pointee.data = Unmanaged<Handle>.passRetained(self).toOpaque()
    }

    final var isOpen: Bool { handlePhase == .open }

    /// Asks libuv to let go; `didClose` follows in a later phase of the loop's turn.
    final func closeHandle() {
        guard handlePhase == .open else { return }
        handlePhase = .closing
        unsafe uv_close(raw) { handle in
            guard let handle = unsafe handle else { return }
            let owner = unsafe Unmanaged<Handle>.fromOpaque(handle.pointee.data)
                .takeRetainedValue()
            owner.handlePhase = .closed
            owner.didClose()
        }
    }

    /// The loop is going: close as if the owner had asked for it.
    func loopIsEnding() {
        closeHandle()
    }

    /// libuv has let go. Runs once, on the loop, never inside another call of this target.
    func didClose() {}
}
