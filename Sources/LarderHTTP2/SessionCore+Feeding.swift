internal import CNghttp2

/// How a peer's bytes reach the library, and which of them do not.
extension SessionCore {
    /// Gives the library all but a torn frame head at the end, and that one with the next bytes.
    func feed(_ input: UnsafeBufferPointer<UInt8>) -> Int {
        guard let base = input.baseAddress, unsafe !state.pointee.isDeaf else { return 0 }
        introduce()
        let (start, held) = unsafe state.pointee.completeHeld(input)
        var result = 0
        switch unsafe held {
        case .nothing: break
        case .head(let head): unsafe result = give(head, FrameScanner.headBytes)
        case .fault: return 0
        case .windowUpdate(let increment): result = updateWindow(increment)
        }
        var given = start
        var at = start
        while result >= 0 {
            switch unsafe state.pointee.scan(input, from: at) {
            case .end(let end): return unsafe give(base + given, end - given)
            case .block(let headStart, let end):
                at = end
                let head = unsafe base + headStart
                let block = unsafe UnsafeBufferPointer(
                    rebasing: input[(headStart + FrameScanner.headBytes)..<end])
                let finding = unsafe state.pointee.look(block)
                if case .passed = finding {
                    unsafe state.pointee.unheard.heard(FrameScanner.streamID(head))
                    continue
                }
                result = unsafe give(base + given, headStart - given)
                guard result >= 0 else { break }
                given = end
                if case .known(let list, added: nil) = finding,
                    unsafe state.pointee.passHeaders(head, list)
                {
                    continue
                }
                unsafe state.pointee.unheard.heard(FrameScanner.streamID(head))
                result = unsafe give(head, block, finding)
            case .windowUpdate(let headStart, let end, let increment):
                at = end
                result = unsafe give(base + given, headStart - given)
                guard result >= 0 else { break }
                given = end
                result = updateWindow(increment)
            case .missed(let headStart, let end):
                result = unsafe give(base + given, headStart - given)
                guard result >= 0 else { break }
                switch unsafe takeMissed(input, base, headStart: headStart) {
                case .taken(let next):
                    at = next
                    given = next
                case .forLibrary:
                    at = end
                    given = headStart
                case nil: return 0
                }
            }
        }
        return result
    }

    /// Tells the library of the connection's window, if an update leaves something to tell.
    private func updateWindow(_ increment: Int) -> Int {
        guard let left = unsafe state.pointee.settleWindow(increment) else { return 0 }
        let frame = Self.windowUpdate(left)
        return unsafe frame.withUnsafeBufferPointer { frame in
            guard let start = frame.baseAddress else { return 0 }
            return unsafe give(start, frame.count)
        }
    }

    /// Gives the library what comes next, after it has heard of what came before.
    private func give(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int {
        guard count > 0 else { return 0 }
        introduce()
        return unsafe nghttp2_session_mem_recv(handle, start, count)
    }

    /// Gives the library one whole HEADERS frame, or what stands for it.
    private func give(
        _ head: UnsafePointer<UInt8>, _ block: UnsafeBufferPointer<UInt8>,
        _ finding: BlockMemo.Finding
    ) -> Int {
        guard case .known(let list, let added) = finding else {
            unsafe state.pointee.newList = nil
            let result = unsafe give(head, FrameScanner.headBytes + block.count)
            unsafe state.pointee.learn(block, tableBytes: tableBytes)
            return result
        }
        // What stands for those before it lies in the same place.
        introduce()
        unsafe state.pointee.knownList = list
        defer { unsafe state.pointee.knownList = nil }
        guard let added else {
            return unsafe give(state.pointee.repeatedRequest.frame(for: head))
        }
        let field = block.extracting(added)
        let result = unsafe give(state.pointee.repeatedRequest.frame(for: head, adding: field))
        unsafe state.pointee.memo.tableChanged(bytes: tableBytes)
        return result
    }

    private func give(_ frame: UnsafeBufferPointer<UInt8>) -> Int {
        guard let start = frame.baseAddress else { return 0 }
        return unsafe give(start, frame.count)
    }

    /// What the decoder's table holds.
    private var tableBytes: Int {
        unsafe nghttp2_session_get_hd_inflate_dynamic_table_size(handle)
    }
}
