import LarderHTTP2

/// What a connection knows of all its streams.
struct CallSlots: ~Copyable {
    private var slots: [CallSlot] = []
    // At the indices of their slots, as far as there ever were any.
    private var calls: [OpenCall?] = []
    private var plain: [Int: PlainRequest] = [:]

    subscript(stream: StreamRef) -> CallSlot {
        let index = Int(stream.slot)
        return index < slots.count ? slots[index] : .over
    }

    /// The call in the stream's slot, which may be of an earlier stream.
    func call(inSlotOf stream: StreamRef) -> OpenCall? {
        let index = Int(stream.slot)
        return index < calls.count ? calls[index] : nil
    }

    func plainRequest(_ stream: StreamRef) -> PlainRequest? { plain[Int(stream.slot)] }

    /// The calls that await their requests.
    var awaiting: [CallSlot] {
        slots.filter { slot in
            if case .awaitingRequest = slot { true } else { false }
        }
    }

    var openCalls: [OpenCall] { calls.compactMap(\.self) }

    mutating func place(_ slot: CallSlot, at stream: StreamRef) {
        clear(stream)
        let index = Int(stream.slot)
        while slots.count <= index { slots.append(.over) }
        slots[index] = slot
    }

    mutating func place(_ call: OpenCall) {
        place(.open, at: call.stream)
        let index = Int(call.stream.slot)
        while calls.count <= index { calls.append(nil) }
        calls[index] = call
    }

    mutating func place(_ request: PlainRequest, at stream: StreamRef) {
        place(.plain, at: stream)
        plain[Int(stream.slot)] = request
    }

    /// The stream's call is over.
    mutating func clear(_ stream: StreamRef) {
        let index = Int(stream.slot)
        guard index < slots.count else { return }
        switch slots[index] {
        case .over: return
        case .awaitingRequest: break
        case .open: calls[index] = nil
        case .plain: plain[index] = nil
        }
        slots[index] = .over
    }

    /// All are over, and no memory is kept for more.
    mutating func clearAll() {
        slots = []
        calls = []
        plain = [:]
    }
}
