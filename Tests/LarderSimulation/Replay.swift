import LarderGRPC
import LarderProtocol

/// Goes through a journal when all answers are in, and holds each of them against the model.
struct Replay {
    var model: Model
    let journal: Journal
    /// How long the server remembers a load.
    let sessionNanos: UInt64
    /// How far the loads have come, by their session.
    var loads: [ObjectIdentifier: LoadProgress] = [:]

    /// Each line of the journal is said as it is looked at.
    var isTelling = false

    struct LoadProgress {
        /// Entries below this have surely been dealt with, below the other perhaps.
        var sure = 0
        var possible = 0
        /// The server may have forgotten the load in between.
        var isDoubtful = false
        var usedAtNanos: UInt64 = 0
    }

    mutating func run() throws {
        for line in journal.lines {
            if isTelling { tell(line) }
            switch line.event {
            case .asked(let call): try check(call, nowNanos: line.nowNanos)
            case .loaded(let call, let message):
                try checkLoad(call, message: message, nowNanos: line.nowNanos)
                try checkPipeline(call, message: message, nowNanos: line.nowNanos)
            case .over(let call): try checkExport(call, nowNanos: line.nowNanos)
            }
        }
    }

    private mutating func check(_ call: SimulatedCall, nowNanos: UInt64) throws {
        switch call.request {
        case .get(let request): try checkGet(Outcome(call), request, nowNanos: nowNanos)
        case .set(let request): try checkSet(Outcome(call), request, nowNanos: nowNanos)
        case .delete(let request): try checkDelete(Outcome(call), request, nowNanos: nowNanos)
        case .batchGet(let request): try checkBatchGet(Outcome(call), request, nowNanos: nowNanos)
        case .export: model.watch(call, nowNanos: nowNanos)
        case .load, .pipeline, .limits, .health, .watch, .wrong: break
        }
    }

    // MARK: Reads

    mutating func checkGet(
        _ outcome: Outcome, _ request: GetRequest, nowNanos: UInt64
    ) throws {
        guard let states = model.states(request.key, nowNanos: nowNanos) else {
            if case .done = outcome.course {
                learn(request.key, try outcome.answer(), request, nowNanos: nowNanos)
            }
            return
        }
        switch outcome.course {
        case .refused: break
        case .unknown:
            guard request.touchTTLMillis != nil else { return }
            let touched = states.map { Reading($0, request, nowNanos: nowNanos).after }
            model.note(request.key, states + touched)
        case .done:
            let answer: GetResponse = try outcome.answer()
            let left = states.compactMap {
                Reading($0, request, nowNanos: nowNanos).matching(answer)
            }
            guard !left.isEmpty else {
                throw Violation(
                    "\(outcome.name), Get \(text(request.key)): "
                        + "\(told(answer)), but it holds \(told(states))")
            }
            model.note(request.key, left)
        }
    }

    /// A key that was not followed is known again when its value is seen.
    private mutating func learn(
        _ key: [UInt8], _ answer: GetResponse, _ request: GetRequest, nowNanos: UInt64
    ) {
        if answer.head.outcome == .miss, request.maxAgeMillis == 0 { model.note(key, [nil]) }
    }

    private mutating func checkBatchGet(
        _ outcome: Outcome, _ request: BatchGetRequest, nowNanos: UInt64
    ) throws {
        guard case .done = outcome.course else { return }
        let answer: BatchGetResponse = try outcome.answer()
        guard answer.responses.count == request.keys.count else {
            throw Violation("\(outcome.name), BatchGet: answers do not match the keys")
        }
        for (key, answer) in zip(request.keys, answer.responses) {
            let single = GetRequest(
                key: key, metadataOnly: request.metadataOnly, maxAgeMillis: request.maxAgeMillis)
            guard let states = model.states(key, nowNanos: nowNanos) else { continue }
            let left = states.compactMap {
                Reading($0, single, nowNanos: nowNanos).matching(answer)
            }
            guard !left.isEmpty else {
                throw Violation(
                    "\(outcome.name), BatchGet \(text(key)): "
                        + "\(told(answer)), but it holds \(told(states))")
            }
            model.note(key, left)
        }
    }

    // MARK: Deletions

    mutating func checkDelete(
        _ outcome: Outcome, _ request: DeleteRequest, nowNanos: UInt64
    ) throws {
        let course = outcome.course
        if case .refused = course { return }
        guard let states = model.states(request.key, nowNanos: nowNanos) else { return }
        let asked = request.ifVersion
        if case .unknown = course { return model.note(request.key, states + [nil]) }
        let answer: DeleteResponse = try outcome.answer()
        let left: [ModelItem?] = states.filter { item in
            switch answer.outcome {
            case .deleted: item.map { asked == 0 || $0.mayHave(version: asked) } ?? false
            case .miss: item == nil
            case .conditionFailed: item.map { asked != 0 && $0.mayLack(version: asked) } ?? false
            default: false
            }
        }
        guard !left.isEmpty else {
            throw Violation(
                "\(outcome.name), Delete \(text(request.key)) ifVersion \(asked): "
                    + "outcome \(answer.outcome.rawValue), but it holds \(told(states))")
        }
        model.note(request.key, answer.outcome == .deleted ? [nil] : left)
    }
}

/// What reading an item must answer, and what it leaves.
struct Reading {
    private let item: ModelItem?
    private let request: GetRequest
    private let nowNanos: UInt64

    init(_ item: ModelItem?, _ request: GetRequest, nowNanos: UInt64) {
        self.item = item
        self.request = request
        self.nowNanos = nowNanos
    }

    /// Whether it is the item's age, but for what the cache's moments are rounded by.
    private func isAge(_ millis: UInt64, of item: ModelItem) -> Bool {
        let exact = (nowNanos - min(nowNanos, item.writtenAtNanos)) / nanosPerMilli
        return millis <= exact + 1 && millis + 1 >= exact
    }

    private var isMiss: Bool {
        item?.isOlder(thanMillis: request.maxAgeMillis, nowNanos: nowNanos) ?? true
    }

    /// The item as the reading leaves it.
    var after: ModelItem? {
        guard !isMiss, var item, let touch = request.touchTTLMillis else { return item }
        item.expiresAtNanos = touch == 0 ? nil : nowNanos + touch * nanosPerMilli
        return item
    }

    /// What the key holds if this was the answer; nil: it cannot have been.
    func matching(_ answer: GetResponse) -> ModelItem?? {
        guard !isMiss, var item = after else {
            return answer.head.outcome == .miss ? .some(item) : nil
        }
        let head = answer.head
        if head.outcome == .omitted { return .some(item) }
        guard head.outcome != .miss, item.mayHave(version: head.version),
            head.flags == item.flags, head.valueBytes == UInt64(item.value.count),
            head.ttlMillis == item.expiresAtNanos.map(millisLeft),
            isAge(head.ageMillis, of: item)
        else { return nil }
        item.version = head.version
        let isKnown = request.ifVersionNot != 0 && request.ifVersionNot == head.version
        let isLong =
            request.maxInlineBytes != 0 && item.value.count > Int(request.maxInlineBytes)
        let expected: GetOutcome
        if isKnown {
            expected = .notModified
        } else if !request.metadataOnly, isLong {
            expected = .tooLarge
        } else {
            expected = .hit
        }
        let isSent = expected == .hit && !request.metadataOnly
        guard head.outcome == expected, answer.value == (isSent ? item.value : []) else {
            return nil
        }
        return .some(item)
    }

    private func millisLeft(_ nanos: UInt64) -> UInt64 {
        nanos > nowNanos ? (nanos - nowNanos - 1) / nanosPerMilli + 1 : 0
    }
}

// MARK: Words

/// The first bytes, as far as they can be read.
func text(_ bytes: [UInt8]) -> String {
    let readable = bytes.prefix(24).map { (32..<127).contains($0) ? $0 : UInt8(ascii: ".") }
    return String(decoding: readable, as: UTF8.self)
}

func told(_ answer: GetResponse) -> String {
    let head = answer.head
    return
        "outcome \(head.outcome.rawValue) version \(head.version) ttl \(head.ttlMillis ?? 0) "
        + "age \(head.ageMillis) bytes \(head.valueBytes) [\(text(answer.value))]"
}

func told(_ states: [ModelItem?]) -> String {
    let words = states.map { item in
        guard let item else { return "nothing" }
        let version = item.version.map { "\($0)" } ?? "over \(item.versionAbove)"
        return
            "version \(version) flags \(item.flags) bytes \(item.value.count) [\(text(item.value))]"
    }
    return words.joined(separator: " or ")
}
