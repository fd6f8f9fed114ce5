/// Bytes that are sent from where they lie. The memory is stable while the object lives.
package protocol OutgoingBytes: AnyObject {
    var bytes: Span<UInt8> { @_lifetime(borrow self) get }
    /// Whoever lent them counts them, so that they are not counted among the session's own.
    var isCountedByOwner: Bool { get }
}

extension OutgoingBytes {
    package var isCountedByOwner: Bool { true }
}

/// Takes serialised bytes in order. See `ServerSession.drain`.
///
/// It does not outlive the draining. That it may is said so that who drains often keeps one: a
/// closure that may not escape would cost an allocation each time it is lent to nghttp2's callbacks.
package typealias Emit = (_ bytes: Span<UInt8>, _ owner: AnyObject?) -> Bool

/// An `Emit` that can be pointed to, and is lent to its calls instead of being copied for each.
struct Emitter: ~Copyable {
    private let emit: Emit

    init(_ emit: @escaping Emit) { self.emit = emit }

    func callAsFunction(_ bytes: Span<UInt8>, _ owner: AnyObject?) -> Bool { emit(bytes, owner) }
}

/// What a stream still has to send: copied bytes and, between them, tails by reference.
///
/// Layout: `leadBytes` copied bytes, then each tail followed by its own run of copied bytes. All
/// copied bytes stand in one buffer, in order, so a body without tails needs no list at all.
@safe
struct OutgoingBody: ~Copyable {
    /// The payload of a DATA frame that any peer takes.
    static let frameBytes = 16 << 10
    private static let keptTails = 8
    /// Kept free before the first byte, so that a frame's head can be put right before its payload.
    private static let frameHeadBytes = 9
    /// Shorter buffers stay as they are until all is sent.
    private static let shrinkBytesMin = 2 << 10

    // Owns one reference to its owner; `OutgoingBody` alone makes and ends it.
    @unsafe
    private struct Tail {
        var owner: Unmanaged<AnyObject>
        var start: UnsafePointer<UInt8>
        var count: Int
        var copiedAfter: Int
        var isCountedByOwner: Bool
    }

    /// Copied bytes for which the buffer is kept, for what is sent next.
    private let keptBytes: Int
    private var base: UnsafeMutablePointer<UInt8>?
    private var capacity = 0
    private var start = frameHeadBytes
    private var end = frameHeadBytes
    private var leadBytes = 0

    private var tails: UnsafeMutablePointer<Tail>?
    private var tailCapacity = 0
    private var tailHead = 0
    private var tailEnd = 0

    /// Bytes not yet given to the output.
    private(set) var count = 0
    /// Those of them that their owners count.
    private(set) var referencedCount = 0

    init(keptBytes: Int = 256) { self.keptBytes = keptBytes }

    deinit {
        releaseOwners()
        unsafe base?.deallocate()
        unsafe tails?.deallocate()
    }

    mutating func append(copying bytes: Span<UInt8>) {
        let added = bytes.count
        guard added > 0 else { return }
        let target = unsafe extend(added)
        unsafe bytes.withUnsafeBufferPointer { source in
            if let first = source.baseAddress { unsafe target.update(from: first, count: added) }
        }
    }

    /// Makes `added` copied bytes part of the body, which the caller writes at once to where the
    /// answer points.
    mutating func extend(_ added: Int) -> UnsafeMutablePointer<UInt8> {
        let target = unsafe reserve(added) + end
        end += added
        count += added
        if tailHead < tailEnd, let tails = unsafe tails {
            unsafe tails[tailEnd - 1].copiedAfter += added
        } else {
            leadBytes += added
        }
        return unsafe target
    }

    mutating func append(referencing owner: any OutgoingBytes) {
        append(referencing: owner, 0..<owner.bytes.count)
    }

    /// Appends a part of an owner's bytes.
    mutating func append(referencing owner: any OutgoingBytes, _ part: Range<Int>) {
        let bytes = owner.bytes.extracting(part)
        let added = bytes.count
        // The owner is retained before the borrow of its bytes ends, and says that they do not move.
        unsafe bytes.withUnsafeBufferPointer { source in
            guard added > 0, let first = source.baseAddress else { return }
            let isCounted = owner.isCountedByOwner
            let tail = unsafe Tail(
                owner: .passRetained(owner), start: first, count: added, copiedAfter: 0,
                isCountedByOwner: isCounted)
            let tails = unsafe reserveTail()
            unsafe (tails + tailEnd).initialize(to: tail)
            tailEnd += 1
            count += added
            if isCounted { referencedCount += added }
        }
    }

    /// What the next frame may carry, of a peer that takes frames of `bytesMax`: more than usual
    /// only if nearly all of it is one reference, so that a frame never has many pieces.
    func frameBytes(max bytesMax: Int) -> Int {
        guard leadBytes < Self.frameBytes, tailHead < tailEnd, let tails = unsafe tails else {
            return Self.frameBytes
        }
        return unsafe max(Self.frameBytes, min(leadBytes + tails[tailHead].count, bytesMax))
    }

    /// Gives a frame's head and the next `payloadBytes` bytes to `emit`. False: the output is full.
    mutating func emitFrame(
        head: UnsafePointer<UInt8>, payloadBytes: Int, to emit: borrowing Emitter
    ) -> Bool {
        precondition(payloadBytes <= count, "a frame carries bytes that are queued")
        var left = payloadBytes
        var hasRoom = true
        if leadBytes > 0, left > 0, let base = unsafe base {
            let part = min(leadBytes, left)
            let frame = unsafe base + (start - Self.frameHeadBytes)
            unsafe frame.update(from: head, count: Self.frameHeadBytes)
            let bytes = unsafe Span(_unsafeStart: frame, count: Self.frameHeadBytes + part)
            hasRoom = emit(bytes, nil)
            dropCopied(part)
            left -= part
        } else {
            hasRoom = emit(unsafe Span(_unsafeStart: head, count: Self.frameHeadBytes), nil)
        }
        while left > 0 {
            let before = count
            hasRoom = emitRun(bytesMax: left, to: emit) && hasRoom
            left -= before - count
        }
        return hasRoom
    }

    /// Gives the next copied bytes, no more than a usual frame has, or those of one reference, to
    /// `emit`: up to `bytesMax` of them. False: the output is full.
    mutating func emitRun(bytesMax: Int, to emit: borrowing Emitter) -> Bool {
        precondition(count > 0, "a run has bytes")
        if leadBytes > 0, let base = unsafe base {
            let part = min(leadBytes, bytesMax, Self.frameBytes)
            let hasRoom = emit(unsafe Span(_unsafeStart: base + start, count: part), nil)
            dropCopied(part)
            return hasRoom
        }
        guard let tails = unsafe tails else { return true }
        let tail = unsafe tails + tailHead
        let part = unsafe min(tail.pointee.count, bytesMax)
        let owner = unsafe tail.pointee.owner.takeUnretainedValue()
        let bytes = unsafe Span(_unsafeStart: tail.pointee.start, count: part)
        let hasRoom = emit(bytes, owner)
        dropTail(part)
        return hasRoom
    }

    /// Forgets what was not sent and lets go of every owner and of large buffers.
    mutating func clear() {
        // Who has sent all has nothing to forget.
        if count == 0, capacity <= keptBytes + Self.frameHeadBytes,
            tailCapacity <= Self.keptTails
        {
            return
        }
        releaseTails()
        count = 0
        referencedCount = 0
        leadBytes = 0
        start = Self.frameHeadBytes
        end = Self.frameHeadBytes
        if capacity > keptBytes + Self.frameHeadBytes {
            unsafe base?.deallocate()
            unsafe base = nil
            capacity = 0
        }
        if tailCapacity > Self.keptTails {
            unsafe tails?.deallocate()
            unsafe tails = nil
            tailCapacity = 0
        }
    }

    private mutating func dropCopied(_ bytes: Int) {
        start += bytes
        leadBytes -= bytes
        count -= bytes
        if start == end {
            start = Self.frameHeadBytes
            end = Self.frameHeadBytes
        }
        if capacity > max(keptBytes, Self.shrinkBytesMin) + Self.frameHeadBytes { shrink() }
    }

    // Who is slow may leave the last bytes of many long answers: each would hold its whole buffer.
    // So a buffer is at most about twice as long as what is left of it.
    private mutating func shrink() {
        let live = end - start
        guard let full = unsafe base, Self.frameHeadBytes + live <= capacity / 2 else { return }
        unsafe base = nil
        capacity = 0
        if live > 0 {
            let fit = Self.frameHeadBytes + live
            let shrunk = UnsafeMutablePointer<UInt8>.allocate(capacity: fit)
            unsafe (shrunk + Self.frameHeadBytes).update(from: full + start, count: live)
            unsafe base = shrunk
            capacity = fit
        }
        start = Self.frameHeadBytes
        end = start + live
        unsafe full.deallocate()
    }

    private mutating func dropTail(_ bytes: Int) {
        guard let tail = unsafe tails.map({ unsafe $0 + tailHead }) else { return }
        count -= bytes
        if unsafe tail.pointee.isCountedByOwner { referencedCount -= bytes }
        unsafe tail.pointee.start += bytes
        unsafe tail.pointee.count -= bytes
        guard unsafe tail.pointee.count == 0 else { return }
        leadBytes = unsafe tail.pointee.copiedAfter
        unsafe tail.pointee.owner.release()
        tailHead += 1
        if tailHead == tailEnd {
            tailHead = 0
            tailEnd = 0
        }
    }

    private func releaseOwners() {
        guard let tails = unsafe tails else { return }
        for index in tailHead..<tailEnd { unsafe tails[index].owner.release() }
    }

    private mutating func releaseTails() {
        releaseOwners()
        tailHead = 0
        tailEnd = 0
    }

    private mutating func reserve(_ added: Int) -> UnsafeMutablePointer<UInt8> {
        if let base = unsafe base, end + added <= capacity { return unsafe base }
        let live = end - start
        let needed = Self.frameHeadBytes + live + added
        // Moving down is worth it only if it frees at least as much as it moves.
        if let base = unsafe base, needed <= capacity, start - Self.frameHeadBytes >= live {
            unsafe (base + Self.frameHeadBytes).update(from: base + start, count: live)
            start = Self.frameHeadBytes
            end = start + live
            return unsafe base
        }
        var grownCapacity = max(capacity * 2, 256)
        while grownCapacity < needed { grownCapacity *= 2 }
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: grownCapacity)
        if let base = unsafe base {
            unsafe (grown + Self.frameHeadBytes).update(from: base + start, count: live)
            unsafe base.deallocate()
        }
        unsafe base = grown
        capacity = grownCapacity
        start = Self.frameHeadBytes
        end = start + live
        return unsafe grown
    }

    private mutating func reserveTail() -> UnsafeMutablePointer<Tail> {
        if let tails = unsafe tails, tailEnd < tailCapacity { return unsafe tails }
        let live = tailEnd - tailHead
        if let tails = unsafe tails, tailHead >= live, tailHead > 0 {
            unsafe tails.update(from: tails + tailHead, count: live)
            tailHead = 0
            tailEnd = live
            return unsafe tails
        }
        let grownCapacity = max(tailCapacity * 2, 2)
        let grown = UnsafeMutablePointer<Tail>.allocate(capacity: grownCapacity)
        if let tails = unsafe tails {
            unsafe grown.moveInitialize(from: tails + tailHead, count: live)
            unsafe tails.deallocate()
        }
        unsafe tails = grown
        tailCapacity = grownCapacity
        tailHead = 0
        tailEnd = live
        return unsafe grown
    }
}
