import LarderCache
import Testing

@Suite("Requests that follow close upon each other")
struct RecentRequestsTests {
    private static func requests(entries: Int) -> RecentRequests {
        var requests = RecentRequests()
        requests.reserve(entries: entries)
        return requests
    }

    /// A hash as the cache has them: the upper half of a word.
    private static func hash(_ generator: inout SeededGenerator) -> UInt64 {
        generator.next() & ~0 << 32
    }

    @Test("a burst counts once, and so does each of several at a time")
    func bursts() {
        var generator = SeededGenerator(seed: 1)
        var requests = Self.requests(entries: 8192)
        var counted = 0
        for _ in 0..<100 {
            let (first, second) = (Self.hash(&generator), Self.hash(&generator))
            for _ in 0..<8 {
                if requests.isFirst(first) { counted += 1 }
                if requests.isFirst(second) { counted += 1 }
            }
        }
        // Now and then the two share a slot.
        #expect(counted >= 200 && counted < 250)
    }

    @Test("a key counts again after enough requests of others")
    func forgetting() {
        var generator = SeededGenerator(seed: 2)
        var requests = Self.requests(entries: 8192)
        let keys = (0..<100).map { _ in Self.hash(&generator) }
        for key in keys { _ = requests.isFirst(key) }
        for _ in 0..<8192 { _ = requests.isFirst(Self.hash(&generator)) }
        let forgotten = keys.count { requests.isFirst($0) }
        #expect(forgotten > 95)
    }

    @Test("a handful of entries is too few to tell a burst from popularity")
    func fewEntries() {
        var requests = Self.requests(entries: 7)
        let (once, again) = (requests.isFirst(1 << 40), requests.isFirst(1 << 40))
        #expect(once && again)
    }

    @Test("keys of one shard, or of a thin sample, still use all slots")
    func spread() {
        var generator = SeededGenerator(seed: 3)
        var requests = Self.requests(entries: 8192)
        // As many keys as slots; asking about one puts it in the place of another.
        let keys = (0..<512).map { _ in Self.hash(&generator) & ~(0xfff << 32) }
        for key in keys { _ = requests.isFirst(key) }
        let remembered = keys.count { !requests.isFirst($0) }
        #expect(remembered > 128)
    }
}
