import LarderCache

var random = SystemRandomNumberGenerator()
let cache = Cache(
    Cache.Configuration(budgetBytes: 64 * 1024 * 1024, seed: HashSeed(using: &random)))

// Time comes from the caller, as nanoseconds of one monotonic clock.
let start = ContinuousClock.now
func nowNanos() -> UInt64 {
    let passed = start.duration(to: .now).components
    return UInt64(passed.seconds) * 1_000_000_000 + UInt64(passed.attoseconds / 1_000_000_000)
}

let key = Array("user:42".utf8)
let value = Array("Ada".utf8)

let aMinute = WriteOptions(timeToLive: .nanos(60_000_000_000))
switch cache.set(key.span, value.span, aMinute, nowNanos: nowNanos()) {
case .stored(let version): print("stored as version \(version)")
case .conditionFailed(let version, _): print("there is version \(version) already")
case .notAdmitted: print("what is there is worth more")
case .rejected(let reason): print("refused: \(reason)")
}

if let item = cache.get(key.span, nowNanos: nowNanos()) {
    // The bytes stay as they are while `item` lives, whatever becomes of them in the cache.
    print(item.value.count, "bytes of version", item.version)
} else {
    print("a miss: load it and set it")
}

// Any bytes are keys and values, for example the UTF-8 of a string.
func text(_ key: String) -> String? {
    guard let item = cache.get(key.utf8Span.span, nowNanos: nowNanos()),
        let text = try? UTF8Span(validating: item.value)
    else { return nil }
    return String(copying: text)
}

// What is to outlive `item` is copied.
func bytes(_ key: String) -> [UInt8]? {
    guard let item = cache.get(key.utf8Span.span, nowNanos: nowNanos()) else { return nil }
    return Array(capacity: item.value.count) { copy in
        for index in item.value.indices { copy.append(item.value[index]) }
    }
}

print(text("user:42") ?? "nobody", bytes("user:42") ?? [])

// More than fits: what is asked for again and again stays.
let page = [UInt8](repeating: 0, count: 16 * 1024)
for number in 0..<20_000 {
    _ = cache.set(Array("page:\(number)".utf8).span, page.span, nowNanos: nowNanos())
    _ = cache.get(key.span, nowNanos: nowNanos())
}
let statistics = cache.statistics()
print(
    statistics.entries, "items in", statistics.usedBytes >> 20, "of", statistics.budgetBytes >> 20,
    "MiB,", statistics.evicted, "evicted,", statistics.hits, "hits")
