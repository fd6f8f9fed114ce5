internal import CNghttp2

/// The C functions that nghttp2 calls, for all sessions of the process.
///
/// Each finds its context, checks the pointers and calls `SessionState`. None of them sends,
/// receives or frees the session it is called from: nghttp2 forbids that. The one submission is the
/// trailers at the end of a body, for which nghttp2 has no other place.
@safe
struct SessionCallbacks: @unchecked Sendable {
    // Never written after it was made; every new session copies what it points to.
    let handle: OpaquePointer

    static let shared = SessionCallbacks()

    private init() {
        var created: OpaquePointer?
        let result = unsafe nghttp2_session_callbacks_new(&created)
        guard result == 0, let handle = unsafe created else {
            preconditionFailure("no memory for the callbacks")
        }
        unsafe self.handle = handle
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(handle, headersBegan)
        unsafe nghttp2_session_callbacks_set_on_header_callback(handle, fieldReceived)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(handle, dataReceived)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(handle, frameReceived)
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(handle, frameRefused)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(handle, streamClosed)
        unsafe nghttp2_session_callbacks_set_send_data_callback(handle, frameReady)
        unsafe nghttp2_session_callbacks_set_data_source_read_length_callback(
            handle, frameLength)
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(handle, frameSent)
        unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(handle, frameNotSent)
    }
}

private typealias StatePointer = UnsafeMutablePointer<SessionState>
private typealias FramePointer = UnsafePointer<nghttp2_frame>
private typealias Slot = StreamSlab.Slot

private let carryOn: Int32 = 0
private let giveUp = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
private let endStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)

private func state(_ context: UnsafeMutableRawPointer?) -> StatePointer? {
    unsafe context?.assumingMemoryBound(to: SessionState.self)
}

private func slot(_ session: OpaquePointer?, _ id: Int32) -> Slot? {
    unsafe nghttp2_session_get_stream_user_data(session, id)?
        .assumingMemoryBound(to: StreamSlot.self)
}

private func recentSlot(_ session: OpaquePointer?, _ id: Int32, _ state: StatePointer) -> Slot? {
    if let found = unsafe state.pointee.recent(id) { return unsafe found }
    guard let found = unsafe slot(session, id) else { return nil }
    unsafe state.pointee.remember(found)
    return unsafe found
}

// MARK: receiving

private func headersBegan(
    _ session: OpaquePointer?, _ frame: FramePointer?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context), let frame = unsafe frame else { return giveUp }
    let id = unsafe frame.pointee.hd.stream_id
    if let introduced = unsafe state.pointee.introduced {
        unsafe state.pointee.listAbandoned()
        unsafe nghttp2_session_set_stream_user_data(session, id, introduced)
    } else if unsafe state.pointee.isServer && frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
        guard let opened = unsafe state.pointee.openStream(id: id) else {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        unsafe nghttp2_session_set_stream_user_data(session, id, opened)
        unsafe state.pointee.listBegan(opened)
    } else if let known = unsafe slot(session, id) {
        unsafe state.pointee.listBegan(known)
    }
    return carryOn
}

private func fieldReceived(
    _ session: OpaquePointer?, _ frame: FramePointer?, _ name: UnsafePointer<UInt8>?,
    _ nameBytes: Int, _ value: UnsafePointer<UInt8>?, _ valueBytes: Int, _ flags: UInt8,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context) else { return giveUp }
    unsafe state.pointee.fieldReceived(
        name: UnsafeBufferPointer(start: name, count: nameBytes),
        value: UnsafeBufferPointer(start: value, count: valueBytes))
    return carryOn
}

private func dataReceived(
    _ session: OpaquePointer?, _ flags: UInt8, _ id: Int32, _ start: UnsafePointer<UInt8>?,
    _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context), let start = unsafe start else { return giveUp }
    guard let slot = unsafe recentSlot(session, id, state) else {
        unsafe state.pointee.owedConnectionBytes += count
        return carryOn
    }
    return unsafe state.pointee.dataReceived(slot, start: start, count: count) ? carryOn : giveUp
}

private func frameReceived(
    _ session: OpaquePointer?, _ frame: FramePointer?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context), let frame = unsafe frame else { return giveUp }
    let head = unsafe frame.pointee.hd
    var isRecorded = true
    switch FrameKind(type: head.type) {
    case .headers:
        isRecorded = unsafe state.pointee.listEnded(endOfStream: head.flags & endStream != 0)
    case .data:
        guard head.flags & endStream != 0,
            let slot = unsafe recentSlot(session, head.stream_id, state)
        else { return carryOn }
        isRecorded = unsafe state.pointee.bodyEnded(slot)
    case .reset:
        guard let slot = unsafe slot(session, head.stream_id),
            unsafe slot.pointee.isAnnounced
        else { return carryOn }
        let code = unsafe frame.pointee.rst_stream.error_code
        isRecorded = unsafe state.pointee.record(
            EventRecord(.reset, slot.pointee.reference, code: code))
    case .settings, .ping, .goAway:
        // The peer may have asked for another table.
        if head.type == FrameType.settings { unsafe state.pointee.sentBlocks.forget() }
        guard let record = unsafe connectionEvent(frame) else { return carryOn }
        isRecorded = unsafe state.pointee.record(record)
    case .priority, .windowUpdate, .other: break
    }
    return isRecorded ? carryOn : giveUp
}

private func connectionEvent(_ frame: FramePointer) -> EventRecord? {
    let head = unsafe frame.pointee.hd
    let isAcknowledgement = head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
    switch FrameKind(type: head.type) {
    case .settings:
        return EventRecord(isAcknowledgement ? .settingsAcknowledged : .settingsReceived)
    case .ping:
        guard isAcknowledgement else { return nil }
        var record = EventRecord(.pingAcknowledged)
        var opaque: UInt64 = 0
        unsafe withUnsafeBytes(of: frame.pointee.ping.opaque_data) { bytes in
            for index in 0..<8 { unsafe opaque = opaque << 8 | UInt64(bytes[index]) }
        }
        record.first = Int(Int64(bitPattern: opaque))
        return record
    case .goAway:
        var record = EventRecord(.goAway)
        record.streamID = unsafe frame.pointee.goaway.last_stream_id
        record.code = unsafe frame.pointee.goaway.error_code
        return record
    case .data, .headers, .priority, .reset, .windowUpdate, .other: return nil
    }
}

private func frameRefused(
    _ session: OpaquePointer?, _ frame: FramePointer?, _ code: Int32,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context) else { return giveUp }
    if code == NGHTTP2_ERR_REFUSED_STREAM.rawValue {
        unsafe state.pointee.counters.streamsRefused &+= 1
    } else {
        unsafe state.pointee.counters.invalidReceived &+= 1
    }
    return carryOn
}

private func streamClosed(
    _ session: OpaquePointer?, _ id: Int32, _ code: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context) else { return giveUp }
    unsafe state.pointee.closedID = id
    guard let slot = unsafe recentSlot(session, id, state) else { return carryOn }
    let code = AnsweredCode.isOne(code) ? 0 : code
    return unsafe state.pointee.streamClosed(slot, code: code) ? carryOn : giveUp
}

// MARK: sending

/// Tells nghttp2 how many bytes the next DATA frame may have, before it looks at the windows.
private func frameLength(
    _ session: OpaquePointer?, _ kind: UInt8, _ id: Int32, _ connectionWindow: Int32,
    _ streamWindow: Int32, _ peerBytesMax: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int {
    let usual = OutgoingBody.frameBytes
    guard peerBytesMax > UInt32(usual), let state = unsafe state(context),
        let slot = unsafe slot(session, id)
    else { return usual }
    let bytesMax = unsafe min(Int(peerBytesMax), state.pointee.frameBytesMax)
    return unsafe slot.pointee.body.frameBytes(max: bytesMax)
}

/// Submits the stream's trailers; nil: it has none.
func submitHeldTrailers(
    _ session: OpaquePointer?, _ slot: UnsafeMutablePointer<StreamSlot>
) -> Int32? {
    unsafe slot.pointee.trailers.use { trailers in
        unsafe nghttp2_submit_trailer(
            session, slot.pointee.id, trailers.fields, trailers.count)
    }
}

/// Tells nghttp2 how many bytes the next DATA frame has; they follow in `frameReady`, uncopied.
func readBody(
    _ session: OpaquePointer?, _ id: Int32, _ buffer: UnsafeMutablePointer<UInt8>?,
    _ bytesMax: Int, _ flags: UnsafeMutablePointer<UInt32>?,
    _ source: UnsafeMutablePointer<nghttp2_data_source>?, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let state = unsafe state(context), let flags = unsafe flags,
        let slot = unsafe source?.pointee.ptr?.assumingMemoryBound(to: StreamSlot.self)
    else { return Int(giveUp) }
    let window = unsafe Int(nghttp2_session_get_remote_window_size(session))
    guard
        let frame = unsafe state.pointee.frameBegan(slot, bytesMax: bytesMax, windowBytes: window)
    else {
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    guard frame.isLast else { return frame.bytes }
    unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    if let result = unsafe submitHeldTrailers(session, slot) {
        unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        guard result == 0 else { return Int(giveUp) }
    }
    unsafe state.pointee.endSubmitted(slot)
    return frame.bytes
}

private func frameReady(
    _ session: OpaquePointer?, _ frame: UnsafeMutablePointer<nghttp2_frame>?,
    _ head: UnsafePointer<UInt8>?, _ bytes: Int,
    _ source: UnsafeMutablePointer<nghttp2_data_source>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context), let head = unsafe head,
        let slot = unsafe source?.pointee.ptr?.assumingMemoryBound(to: StreamSlot.self),
        let emitter = unsafe state.pointee.emitter
    else { return giveUp }
    if unsafe state.pointee.isOutputFull { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
    // Its trailers and its end come next.
    unsafe state.pointee.remember(slot)
    let isRecorded = unsafe state.pointee.frameReady(
        slot, head: head, bytes: bytes, emit: emitter.pointee)
    guard isRecorded else { return giveUp }
    // `finish` came between the making of this frame and its sending: the trailers follow it
    // at once, for an empty body would wait for window that it does not need.
    guard unsafe slot.pointee.isEnding, unsafe !slot.pointee.isEndSubmitted,
        unsafe slot.pointee.body.count == 0,
        let result = unsafe submitHeldTrailers(session, slot)
    else { return carryOn }
    guard result == 0 else { return giveUp }
    unsafe state.pointee.endSubmitted(slot)
    return carryOn
}

private func frameSent(
    _ session: OpaquePointer?, _ frame: FramePointer?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context), let frame = unsafe frame else { return giveUp }
    let head = unsafe frame.pointee.hd
    let kind = FrameKind(type: head.type)
    var code: UInt32 = 0
    switch kind {
    case .reset:
        code = unsafe frame.pointee.rst_stream.error_code
        if AnsweredCode.isOne(code) {
            unsafe state.pointee.answeredSent(head.stream_id, code: code)
            return carryOn
        }
    case .goAway:
        code = unsafe frame.pointee.goaway.error_code
        if code != 0 { unsafe state.pointee.terminationCode = code }
        if unsafe frame.pointee.goaway.last_stream_id < Int32.max {
            unsafe state.pointee.unheard.isOver = true
        }
    case .headers, .data:
        let isEnd = head.flags & endStream != 0
        let isWatched = unsafe isEnd && state.pointee.watchedCount > 0
        guard isWatched || kind == .headers, let slot = unsafe slot(session, head.stream_id) else {
            break
        }
        if kind == .headers { unsafe state.pointee.blockMade(slot, isEnd: isEnd) }
        if isWatched { unsafe state.pointee.endSent(slot) }
    case .priority, .settings, .ping, .windowUpdate, .other: break
    }
    unsafe state.pointee.counters.sent(kind, code: code)
    return carryOn
}

private func frameNotSent(
    _ session: OpaquePointer?, _ frame: FramePointer?, _ code: Int32,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let state = unsafe state(context), let frame = unsafe frame else { return giveUp }
    let head = unsafe frame.pointee.hd
    // A request that could not be sent is closed by nghttp2, and the peer knows nothing of it.
    guard FrameKind(type: head.type) == .headers,
        unsafe frame.pointee.headers.cat != NGHTTP2_HCAT_REQUEST,
        let slot = unsafe slot(session, head.stream_id)
    else { return carryOn }
    unsafe state.pointee.headersNotSent(slot)
    return carryOn
}
