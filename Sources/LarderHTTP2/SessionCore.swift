internal import CNghttp2

/// What a server's and a client's session have in common: an nghttp2 session and its state.
///
/// Owns both and frees each once. Every call into nghttp2 that may call back is made while no access
/// to the state is open.
@safe
struct SessionCore: ~Copyable {
    typealias Slot = StreamSlab.Slot

    /// nghttp2's session, for questions alone.
    let asked: OpaquePointer
    /// The same, for all that may leave nghttp2 something to send.
    var handle: OpaquePointer {
        unsafe state.pointee.mayHaveOutput = true
        return unsafe asked
    }
    let state: UnsafeMutablePointer<SessionState>
    /// Kept until the nghttp2 session has given everything back.
    private let memory: SessionMemory?

    init(options: SessionOptions, isServer: Bool, memory: SessionMemory? = nil) {
        self.memory = memory
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: SessionState(options: options, isServer: isServer))
        let callbacks = unsafe SessionCallbacks.shared.handle
        let limits = unsafe options.makeLibraryOption()
        defer { unsafe nghttp2_option_del(limits) }
        var created: OpaquePointer?
        let result: Int32
        if isServer, let memory {
            var functions = unsafe memory.functions
            result = unsafe nghttp2_session_server_new3(
                &created, callbacks, state, limits, &functions)
        } else if isServer {
            result = unsafe nghttp2_session_server_new2(&created, callbacks, state, limits)
        } else {
            result = unsafe nghttp2_session_client_new2(&created, callbacks, state, limits)
        }
        guard result == 0, let session = unsafe created else {
            preconditionFailure("no memory for a session")
        }
        unsafe asked = session
        submitSettings(options, isServer: isServer)
    }

    deinit {
        // nghttp2 calls nothing back here: streams that are still open go with the state.
        unsafe nghttp2_session_del(asked)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    private func submitSettings(_ options: SessionOptions, isServer: Bool) {
        let entries = options.settings(isServer: isServer)
        unsafe entries.withUnsafeBufferPointer { entries in
            unsafe note(
                nghttp2_submit_settings(
                    handle, noFlags, entries.baseAddress, entries.count))
        }
        unsafe note(
            nghttp2_session_set_local_window_size(
                handle, noFlags, 0, Int32(clamping: options.connectionWindowBytes)))
    }

    // MARK: receiving

    func receive(_ bytes: Span<UInt8>) throws(HTTP2Error) {
        if let failure = unsafe state.pointee.failure { throw failure }
        if unsafe state.pointee.events.isEmpty { unsafe state.pointee.forgetLists() }
        unsafe state.pointee.events.beginReceive()
        let result = unsafe bytes.withUnsafeBufferPointer { unsafe feed($0) }
        unsafe state.pointee.inputEnded()
        if result < 0 { throw fail(Int32(clamping: result)) }
        if let failure = unsafe state.pointee.failure { throw failure }
        if let fault = unsafe state.pointee.takeFault() { terminate(code: fault.code) }
        settle()
    }

    @inline(__always)
    func nextEvent() -> SessionEvent? {
        guard let record = unsafe state.pointee.events.next() else { return nil }
        switch record.kind {
        case .closed:
            let stream = StreamRef(id: record.streamID, slot: record.slot)
            if let slot = unsafe state.pointee.streams.find(stream) {
                unsafe state.pointee.freeSlot(slot)
            }
        case .bodyLow:
            let stream = StreamRef(id: record.streamID, slot: record.slot)
            if let slot = unsafe state.pointee.streams.find(stream) {
                unsafe slot.pointee.hasQueuedBodyLow = false
            }
        case .headers, .trailers, .headersTooLarge, .data, .endOfStream, .reset, .goAway,
            .settingsReceived, .settingsAcknowledged, .pingAcknowledged:
            break
        }
        return record.event
    }

    func consume(_ stream: StreamRef, _ flowBytes: Int) {
        guard let slot = unsafe state.pointee.streams.find(stream) else { return }
        let bytes = unsafe min(flowBytes, slot.pointee.unconsumedBytes)
        guard bytes > 0 else { return }
        unsafe slot.pointee.unconsumedBytes -= bytes
        unsafe state.pointee.owedConnectionBytes += bytes
        // A peer that has ended its side needs no more window on the stream.
        guard unsafe !slot.pointee.hasPeerEnded, unsafe !slot.pointee.isClosed,
            unsafe state.pointee.failure == nil
        else { return }
        unsafe note(nghttp2_session_consume_stream(handle, stream.id, bytes))
    }

    func withhold(_ stream: StreamRef, _ flowBytes: Int) {
        guard let slot = unsafe state.pointee.streams.find(stream) else { return }
        let bytes = unsafe min(flowBytes, slot.pointee.unconsumedBytes)
        unsafe slot.pointee.unconsumedBytes -= bytes
        unsafe slot.pointee.withheldBytes += bytes
        unsafe state.pointee.owedConnectionBytes += bytes
    }

    func release(_ stream: StreamRef) {
        guard let slot = unsafe state.pointee.streams.find(stream) else { return }
        let bytes = unsafe slot.pointee.withheldBytes
        unsafe slot.pointee.withheldBytes = 0
        guard bytes > 0, unsafe !slot.pointee.hasPeerEnded, unsafe !slot.pointee.isClosed,
            unsafe state.pointee.failure == nil
        else { return }
        unsafe note(nghttp2_session_consume_stream(handle, stream.id, bytes))
    }

    /// Gives back to the connection what is owed.
    private func settle() {
        let owed = unsafe state.pointee.owedConnectionBytes
        guard owed > 0 else { return }
        unsafe state.pointee.owedConnectionBytes = 0
        unsafe note(nghttp2_session_consume_connection(handle, owed))
    }

    func rest() -> Bool {
        guard outboundQueueCount == 0 else { return false }
        return unsafe state.pointee.rest()
    }

    // MARK: sending

    func drain(_ emit: @escaping Emit) throws(HTTP2Error) {
        if let failure = unsafe state.pointee.failure { throw failure }
        introduce()
        settle()
        resumeWaiters()
        unsafe state.pointee.isOutputFull = false
        let result = unsafe withUnsafePointer(to: Emitter(emit)) { place in
            unsafe state.pointee.emitter = place
            defer { unsafe state.pointee.emitter = nil }
            unsafe state.pointee.payOwedWindow()
            unsafe state.pointee.emitReady(to: place.pointee)
            return drainFrames(emit)
        }
        if result < 0 { throw fail(result) }
    }

    private func drainFrames(_ emit: Emit) -> Int32 {
        guard unsafe state.pointee.mayHaveOutput || !state.pointee.pendingResets.isEmpty else {
            return 0
        }
        while unsafe !state.pointee.isOutputFull {
            var start: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(asked, &start)
            if count < 0 { return Int32(clamping: count) }
            if count > 0, let start = unsafe start,
                unsafe !SessionState.isOfAnswered(start, count: count)
            {
                unsafe emitFrame(UnsafeBufferPointer(start: start, count: count), emit)
                unsafe state.pointee.frameSent(UnsafeBufferPointer(start: start, count: count))
            }
            // 0 says that nothing is left, or that a DATA frame met a full output.
            if !submitPendingResets(), count == 0 { break }
        }
        unsafe state.pointee.mayHaveOutput = state.pointee.isOutputFull
        return 0
    }

    private func emitFrame(_ frame: UnsafeBufferPointer<UInt8>, _ emit: Emit) {
        let hasRoom: Bool
        if unsafe frame[3] == FrameType.goAway {
            let goAway = unsafe state.pointee.namingNewest(frame)
            hasRoom = emit(goAway.span, nil)
        } else {
            hasRoom = unsafe emit(Span(_unsafeElements: frame), nil)
        }
        if !hasRoom { unsafe state.pointee.isOutputFull = true }
    }

    private func submitPendingResets() -> Bool {
        guard unsafe !state.pointee.pendingResets.isEmpty else { return false }
        while let (id, code) = unsafe state.pointee.pendingResets.popLast() {
            unsafe note(nghttp2_submit_rst_stream(handle, noFlags, id, code))
        }
        return true
    }

    // MARK: the connection

    var wantsRead: Bool {
        unsafe state.pointee.failure == nil && nghttp2_session_want_read(asked) != 0
    }

    var wantsWrite: Bool {
        guard unsafe state.pointee.failure == nil else { return false }
        return unsafe state.pointee.mayHaveOutput && nghttp2_session_want_write(asked) != 0
            || state.pointee.owedConnectionBytes > 0 || !state.pointee.ready.isEmpty
            || !state.pointee.pendingResets.isEmpty
            || awaitedWindowBytes > 0
    }

    var outboundQueueCount: Int {
        unsafe nghttp2_session_get_outbound_queue_size(asked)
            + state.pointee.pendingResets.count
    }

    func submitGoAway(code: UInt32, debug: String) {
        let last = unsafe nghttp2_session_get_last_proc_stream_id(asked)
        let bytes = Array(debug.utf8)
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe note(
                nghttp2_submit_goaway(handle, noFlags, last, code, bytes.baseAddress, bytes.count))
        }
    }

    func goAway(after error: HTTP2Error) -> [UInt8] {
        if unsafe state.pointee.ready.isCut { return [] }
        let payloadBytes: UInt8 = 8
        let last = unsafe max(
            nghttp2_session_get_last_proc_stream_id(asked), state.pointee.unheard.passedID)
        return [0, 0, payloadBytes, UInt8(NGHTTP2_GOAWAY.rawValue), noFlags, 0, 0, 0, 0]
            + Self.bigEndian(UInt32(clamping: last)) + Self.bigEndian(error.code)
    }

    /// WINDOW_UPDATE for the connection.
    static func windowUpdate(_ increment: Int) -> [UInt8] {
        [0, 0, 4, FrameType.windowUpdate, noFlags, 0, 0, 0, 0]
            + bigEndian(UInt32(clamping: min(increment, Int(Int32.max))))
    }

    static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    func submitShutdownNotice() { unsafe note(nghttp2_submit_shutdown_notice(handle)) }

    func terminate(code: UInt32) { unsafe note(nghttp2_session_terminate_session(handle, code)) }

    var peerMaxConcurrentStreams: UInt32 {
        unsafe nghttp2_session_get_remote_settings(
            asked, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
    }

    func ping(opaque: UInt64) {
        let bytes = unsafe withUnsafeBytes(of: opaque.bigEndian) { unsafe Array($0) }
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe note(nghttp2_submit_ping(handle, noFlags, bytes.baseAddress))
        }
    }

    /// Keeps a fatal result, so that the next receive or drain throws it.
    func note(_ result: Int32) {
        guard result < 0, nghttp2_is_fatal(result) != 0 else { return }
        _ = fail(result)
    }

    private func fail(_ result: Int32) -> HTTP2Error {
        let failure = unsafe state.pointee.failure ?? HTTP2Error(result)
        unsafe state.pointee.failure = failure
        return failure
    }
}

let noFlags = UInt8(NGHTTP2_FLAG_NONE.rawValue)

extension SessionOptions {
    func makeLibraryOption() -> OpaquePointer {
        var created: OpaquePointer?
        guard unsafe nghttp2_option_new(&created) == 0, let option = unsafe created else {
            preconditionFailure("no memory for a session's options")
        }
        // Window goes back when bytes are consumed, not when they arrive.
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_no_closed_streams(option, 1)
        // gRPC clients may send blanks around a value.
        unsafe nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1)
        unsafe nghttp2_option_set_stream_reset_rate_limit(
            option, UInt64(clamping: streamResetBurst), UInt64(clamping: streamResetsPerSecond))
        unsafe nghttp2_option_set_max_continuations(option, maxContinuations)
        unsafe nghttp2_option_set_max_settings(option, maxSettings)
        unsafe nghttp2_option_set_max_outbound_ack(option, maxOutboundAcks)
        return unsafe option
    }

    func settings(isServer: Bool) -> [nghttp2_settings_entry] {
        func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
        }
        return [
            isServer
                ? entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, maxConcurrentStreams)
                : entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, initialWindowBytes),
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, maxHeaderListBytes),
            entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
            + (receivedFrameBytesMax > OutgoingBody.frameBytes
                ? [entry(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, receivedFrameBytesMax)] : [])
    }
}
