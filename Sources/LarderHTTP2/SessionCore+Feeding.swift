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
                result = unsafe take(head, block, finding)
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

    /// Takes one whole HEADERS frame past the library, if its list is known, or gives it to the
    /// library.
    private func take(
        _ head: UnsafePointer<UInt8>, _ block: UnsafeBufferPointer<UInt8>,
        _ finding: BlockMemo.Finding
    ) -> Int {
        if case .known(let list, let added) = finding, unsafe state.pointee.canAdd(added),
            unsafe state.pointee.passHeaders(head, list)
        {
            return added.map { unsafe add(block.extracting($0)) } ?? 0
        }
        unsafe state.pointee.unheard.heard(FrameScanner.streamID(head))
        unsafe state.pointee.newList = nil
        let result = unsafe give(head, FrameScanner.headBytes + block.count)
        if case .known = finding {
            unsafe state.pointee.memo.tableChanged(bytes: tableBytes)
        } else {
            unsafe state.pointee.learn(block, tableBytes: tableBytes)
        }
        return result
    }

    /// Adds a field to the decoder's table. The library hears of no stream by it.
    private func add(_ field: UnsafeBufferPointer<UInt8>) -> Int {
        let frame = unsafe state.pointee.tableAddition.frame(
            adding: field, on: state.pointee.closedID)
        let result = unsafe nghttp2_session_mem_recv(handle, frame.baseAddress, frame.count)
        unsafe state.pointee.memo.tableChanged(bytes: tableBytes)
        return result
    }

    /// What the decoder's table holds.
    private var tableBytes: Int {
        unsafe nghttp2_session_get_hd_inflate_dynamic_table_size(asked)
    }
}
