import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Who hears what happens on a stream. All calls come on the stream's loop.
package protocol ByteStreamDelegate: AnyObject {
    /// Bytes have arrived. They are lent for the time of the call: the loop reads the next ones
    /// into the same memory.
    func received(_ bytes: Span<UInt8>)
    /// A flush had left something over, and now all of it is written.
    func drained()
    /// The handshake of a secured stream is over: who the peer is, is known. Comes before the
    /// first bytes.
    func secured()
    /// The stream is closed: the last call, made exactly once and never from inside a call to the
    /// stream. Nil if we closed it or the peer ended it in order.
    func closed(_ error: IOError?)
}

extension ByteStreamDelegate {
    package func secured() {}
}

/// A connection that carries bytes both ways: TCP or a Unix socket.
///
/// The stream keeps its delegate until `closed`; libuv keeps the stream until then. So neither
/// needs another owner, and the delegate may hold the stream.
// TLS has its place between here and the delegate: all that arrives comes through `deliver`, all
// that leaves goes through `writeOut`.
@safe
package final class ByteStream: Handle {
    enum Transport {
        case tcp, unix
    }

    enum State {
        /// Connected, but `start` has not been called.
        case ready
        case open
        /// `closeAfterFlush`: what is queued goes out, what comes in is thrown away.
        case finishing
        case closed
    }

    package let output: OutputQueue
    package var delegate: (any ByteStreamDelegate)? {
        get { listener }
        set { listener = newValue }
    }
    /// Whether an earlier flush is still being written, or a handshake goes on. `flush` waits for it.
    package var isWriting: Bool { writingBytes > 0 || security?.machine.isEstablished == false }
    /// Bytes of that flush: given to the system or about to be, kept alive until all are written.
    package var writingBytes: Int { pendingWriteBytes }
    /// Those of them that were copied: values have owners who count them.
    package var copiedWritingBytes: Int { pendingCopiedBytes }

    /// Bytes of it that the system has not taken yet.
    package var unwrittenBytes: Int {
        guard isOpen else { return 0 }
        return unsafe Int(uv_stream_get_write_queue_size(view(as: uv_stream_t.self)))
    }

    // Stored apart from what other targets see: of its own properties the compiler knows every use,
    // and leaves out the checks for exclusive access.
    private(set) var listener: (any ByteStreamDelegate)?
    private var pendingWriteBytes = 0
    private var pendingCopiedBytes = 0
    let transport: Transport
    var security: Security?
    var state = State.ready
    var closeError: IOError?
    var finish: Finish?
    private var isReading = false
    private var knownPeer: String?

    /// A stream that is not connected to anything yet.
    init(_ core: LoopCore, _ transport: Transport) throws(IOError) {
        self.transport = transport
        output = OutputQueue(pool: core.blocks)
        let result: Int32
        switch transport {
        case .tcp:
            unsafe super.init(core, holding: uv_tcp_t.self)
            result = unsafe uv_tcp_init(core.loop, view(as: uv_tcp_t.self))
        case .unix:
            unsafe super.init(core, holding: uv_pipe_t.self)
            result = unsafe uv_pipe_init(core.loop, view(as: uv_pipe_t.self), 0)
        }
        guard result == 0 else { throw IOError(libuv: result, "make a socket") }
        didOpen()
    }

    convenience init(_ core: LoopCore, adopting socket: AcceptedSocket) throws(IOError) {
        try self.init(core, socket.isUnix ? .unix : .tcp)
        guard let descriptor = socket.take() else {
            closeHandle()
            throw IOError(code: "EBADF", message: "the socket has a loop already")
        }
        let result =
            switch transport {
            case .tcp: unsafe uv_tcp_open(view(as: uv_tcp_t.self), descriptor.number)
            case .unix: unsafe uv_pipe_open(view(as: uv_pipe_t.self), descriptor.number)
            }
        guard result == 0 else {
            closeHandle()
            throw IOError(libuv: result, "adopt a connection")
        }
        _ = descriptor.take()
        didConnect()
    }

    /// Takes over a connection that a listener has accepted. To be called on `loop`'s thread.
    package convenience init(loop: EventLoop, adopting socket: AcceptedSocket) throws(IOError) {
        assert(loop.isHere, "a stream is made on its loop's thread")
        try self.init(loop.core, adopting: socket)
    }

    func didConnect() {
        guard transport == .tcp else { return }
        unsafe uv_tcp_nodelay(view(as: uv_tcp_t.self), 1)
    }

    // MARK: Reading

    /// Begins to read. `delegate` is set before.
    package func start() {
        guard state == .ready else { return }
        state = .open
        resumeReading()
        if let security { beginHandshake(security) }
    }

    /// Lets what arrives wait in the system, and so, in time, at the peer.
    package func pauseReading() {
        guard isReading, state == .open else { return }
        isReading = false
        unsafe uv_read_stop(view(as: uv_stream_t.self))
    }

    package func resumeReading() {
        guard !isReading, isOpen, state == .open || state == .finishing else { return }
        let result = unsafe uv_read_start(
            view(as: uv_stream_t.self),
            { handle, _, buffer in
                guard let handle = unsafe handle, let buffer = unsafe buffer else { return }
                let core = unsafe LoopCore.of(handle.pointee.loop)
                unsafe buffer.pointee = uv_buf_t(
                    base: core.receiveBuffer, len: LoopCore.receiveBytes)
            },
            { handle, count, buffer in
                guard let handle = unsafe handle, let buffer = unsafe buffer else { return }
                unsafe Handle.withOwner(of: handle, as: ByteStream.self) { stream in
                    unsafe stream.didRead(count, buffer.pointee.base)
                }
            })
        guard result == 0 else { return fail(result, "read") }
        isReading = true
    }

    package var isReadingPaused: Bool { !isReading }

    private func didRead(_ count: Int, _ base: UnsafeMutablePointer<CChar>?) {
        if count > 0, let base = unsafe base {
            let start = unsafe UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self)
            deliver(unsafe Span(_unsafeStart: start, count: count))
        } else if count < 0 {
            isReading = false
            unsafe uv_read_stop(view(as: uv_stream_t.self))
            peerEnded(Int32(truncatingIfNeeded: count))
        }  // 0 means: nothing yet.
    }

    private func deliver(_ bytes: Span<UInt8>) {
        if let security { return deliver(bytes, through: security) }
        if state == .open { listener?.received(bytes) }
    }

    // MARK: Writing

    /// Writes what `output` holds. What the socket does not take at once is kept, with its owners,
    /// until it does; `drained` tells when. While that lasts, further flushes wait for it.
    package func flush() {
        guard !isWriting, state == .open || state == .ready, !output.isEmpty else { return }
        writeOut()
    }

    func writeOut() {
        assert(core.isHere, "a stream is written on its loop's thread")
        if let security { return writeOut(through: security) }
        write(output)
    }

    /// Gives the queue to the socket. No earlier write is going on.
    func write(_ queue: borrowing OutputQueue) {
        var failure: IOError?
        unsafe queue.drain(
            writing: { segments, count in
                let sent = unsafe uv_try_write(
                    view(as: uv_stream_t.self), segments, UInt32(count))
                if sent >= 0 { return Int(sent) }
                if sent != UV_EAGAIN.rawValue { failure = IOError(libuv: sent, "write") }
                return 0
            },
            keeping: { rest in
                if failure != nil { return unsafe rest.release() }
                switch unsafe PendingWrite.start(rest, on: self) {
                case .success(let write):
                    pendingWriteBytes = write.bytesCount
                    pendingCopiedBytes = write.copiedBytes
                case .failure(let error): failure = error
                }
            })
        if let failure { close(failure) }
    }

    func didWrite(_ status: Int32) {
        pendingWriteBytes = 0
        pendingCopiedBytes = 0
        guard isOpen else { return }
        guard status == 0 else { return fail(status, "write") }
        switch state {
        case .ready, .open:
            if let security, security.machine.hasWords { writeCiphertext(security) }
            flush()
            if !isWriting, isOpen { listener?.drained() }
        case .finishing: continueFinishing()
        case .closed: break
        }
    }

    /// Lets the system find out that the peer's machine is gone: it asks after so long without a
    /// byte, and gives the connection up when what was sent stays unacknowledged for so long.
    package func probe(afterSeconds: UInt32, unacknowledgedMaxMillis: UInt32) {
        guard transport == .tcp, isOpen else { return }
        unsafe uv_tcp_keepalive(view(as: uv_tcp_t.self), 1, afterSeconds)
        setUnacknowledgedMax(millis: unacknowledgedMaxMillis)
    }

    /// How long sent bytes may stay unacknowledged before the system gives the connection up.
    ///
    /// Does nothing where the system has no such setting.
    package func setUnacknowledgedMax(millis: UInt32) {
        #if os(Linux)
        guard transport == .tcp, isOpen else { return }
        var number: Int32 = -1
        guard unsafe uv_fileno(raw, &number) == 0 else { return }
        var value = millis
        let size = socklen_t(MemoryLayout<UInt32>.size)
        unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, size)
        #endif
    }

    // MARK: Peers

    /// Who is at the other end, in words: "127.0.0.1:54321", "unix:". Known after the end too, if
    /// asked for before.
    package var peerDescription: String {
        if let knownPeer { return knownPeer }
        let text =
            switch transport {
            case .tcp: peerAddress?.description ?? "unknown"
            case .unix: "unix:"
            }
        knownPeer = text
        return text
    }

    package var peerAddress: SocketAddress? { unsafe name(uv_tcp_getpeername)?.address }
    package var localAddress: SocketAddress? { unsafe name(uv_tcp_getsockname)?.address }

    private func name(
        _ ask: (
            UnsafePointer<uv_tcp_t>, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<Int32>
        )
            -> Int32
    ) -> SocketName? {
        guard transport == .tcp, isOpen else { return nil }
        return unsafe SocketName { pointer, size in
            var length = Int32(size)
            let result = unsafe ask(view(as: uv_tcp_t.self), pointer, &length)
            size = UInt32(length)
            return result == 0
        }
    }

    override func loopIsEnding() {
        close(.cancelled)
    }

    override func didClose() {
        output.clear()
        finish = nil
        let last = listener
        listener = nil
        last?.closed(closeError)
    }
}
