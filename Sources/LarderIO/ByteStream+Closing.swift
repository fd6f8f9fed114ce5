import CLibuv

extension ByteStream {
    /// How a stream that has said its last word goes: bounded in time as a whole, and more tightly
    /// once everything is written.
    struct Finish {
        static let lingerMillis: UInt64 = 1000
        var deadline: Timer
        var isShutdownAsked = false
        var isShutdownDone = false
        var hasPeerEnded: Bool
    }

    package static let finishMillisDefault: UInt64 = 5000

    /// Whether `closed` has come or is sure to come.
    package var isClosed: Bool { state == .closed }

    /// Whether the stream closes or is about to, by our wish, the peer's or a failure: what is
    /// appended now is not written.
    package var isEnding: Bool { state == .finishing || state == .closed }

    /// Closes now. What is queued and not written is lost; `received` and `drained` come no more.
    /// Idempotent.
    package func close() {
        close(nil)
    }

    /// Closes after all that is queued has been written, read nothing more, and given the peer a
    /// moment to end its side: a connection that is closed on unread bytes is reset, and a reset
    /// can destroy last words that the peer has not read.
    ///
    /// - Parameter millis: what this may take at most; then the stream is closed as it is.
    package func closeAfterFlush(withinMillis millis: UInt64 = finishMillisDefault) {
        // Before the handshake is over nothing can be said.
        if let security, !security.machine.isEstablished { return close(nil) }
        beginFinishing(withinMillis: millis, hasPeerEnded: false)
    }

    /// Closes for a reason of our own, after what is on its way has been written.
    func finish(_ error: IOError) {
        closeError = error
        beginFinishing(withinMillis: Self.finishMillisDefault, hasPeerEnded: false)
    }

    func close(_ error: IOError?) {
        guard state != .closed else { return }
        assert(core.isHere, "a stream is closed on its loop's thread")
        state = .closed
        closeError = closeError ?? error
        finish?.deadline.cancel()
        finish = nil
        closeHandle()
        output.clear()
    }

    func fail(_ status: Int32, _ context: String) {
        close(IOError(libuv: status, context))
    }

    func peerEnded(_ status: Int32) {
        guard status == UV_EOF.rawValue else {
            // A reset after we have ended our side is the peer's way to leave.
            return state == .finishing ? close(nil) : fail(status, "read")
        }
        peerEndedInOrder()
    }

    func peerEndedInOrder() {
        switch state {
        case .ready, .open:
            if let security, !security.machine.isEstablished {
                return close(
                    IOError(code: IOError.tlsCode, message: "the peer ended the TLS handshake"))
            }
            beginFinishing(
                withinMillis: Self.finishMillisDefault, hasPeerEnded: true)
        case .finishing:
            finish?.hasPeerEnded = true
            if finish?.isShutdownDone == true { close(nil) }
        case .closed: break
        }
    }

    private func beginFinishing(withinMillis millis: UInt64, hasPeerEnded: Bool) {
        guard state == .ready || state == .open else { return }
        if writingBytes == 0, !output.isEmpty { writeOut() }
        guard state != .closed else { return }
        // A peer that has ended and has got everything needs no ceremony.
        if hasPeerEnded, writingBytes == 0, output.isEmpty { return close(nil) }
        state = .finishing
        let deadline = Timer(core, afterMillis: millis, repeatMillis: 0) { [weak self] in
            self?.close(nil)
        }
        finish = Finish(deadline: deadline, hasPeerEnded: hasPeerEnded)
        if !hasPeerEnded { resumeReading() }
        continueFinishing()
    }

    /// The next step once no write is pending: the rest of the output, then the end of our side.
    func continueFinishing() {
        guard state == .finishing, writingBytes == 0 else { return }
        if !output.isEmpty { writeOut() }
        if let security, state == .finishing, writingBytes == 0 { sayEnd(security) }
        guard state == .finishing, writingBytes == 0, finish?.isShutdownAsked == false else {
            return
        }
        finish?.isShutdownAsked = true
        ShutdownRequest.start(on: self)
    }

    func didShutDown(_ status: Int32) {
        guard state == .finishing, let current = finish else { return }
        if status != 0 || current.hasPeerEnded { return close(nil) }
        finish?.isShutdownDone = true
        current.deadline.restart(afterMillis: Finish.lingerMillis)
    }
}

/// Our side's end on its way out.
@safe
private final class ShutdownRequest {
    private let stream: ByteStream
    private let request: UnsafeMutablePointer<uv_shutdown_t>

    private init(_ stream: ByteStream) {
        self.stream = stream
        unsafe request = .allocate(capacity: 1)
    }

    deinit {
        unsafe request.deallocate()
    }

    static func start(on stream: ByteStream) {
        let shutdown = ShutdownRequest(stream)
        unsafe shutdown.request.pointee.data = Unmanaged.passRetained(shutdown).toOpaque()
        let result = unsafe uv_shutdown(
            shutdown.request, stream.view(as: uv_stream_t.self)
        ) { request, status in
            guard let request = unsafe request else { return }
            unsafe Unmanaged<ShutdownRequest>.fromOpaque(request.pointee.data)
                .takeRetainedValue().stream.didShutDown(status)
        }
        if result != 0 {
            unsafe Unmanaged.passUnretained(shutdown).release()
            stream.didShutDown(result)
        }
    }
}
