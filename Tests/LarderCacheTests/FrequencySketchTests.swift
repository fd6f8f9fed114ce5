import LarderCache
import Testing

@Suite("Frequency sketch")
struct FrequencySketchTests {
    private static func sketch(entries: Int) -> FrequencySketch {
        var sketch = FrequencySketch(seed: (11, 12))
        sketch.reserve(entries: entries)
        return sketch
    }

    @Test("an estimate is at most one step below the count, and seldom above it")
    func boundedError() {
        var generator = SeededGenerator(seed: 5)
        var sketch = Self.sketch(entries: 4096)
        let keys = (0..<4096).map { _ in generator.next() }
        var counts = [Int](repeating: 0, count: keys.count)
        // Fewer than make up a period: no counter is halved more than once.
        for _ in 0..<12_000 {
            // A few keys are asked for far more often than the rest.
            let index = generator.below(1 + generator.below(keys.count))
            counts[index] += 1
            sketch.record(keys[index])
        }
        var wrong = 0
        for (key, count) in zip(keys, counts) {
            let estimate = sketch.estimate(key)
            #expect(estimate >= min(count, 15) / 2)
            if estimate > min(count, 15) { wrong += 1 }
        }
        #expect(wrong < keys.count / 20)
    }

    @Test("a key never recorded counts as nothing, a hot one as fifteen")
    func extremes() {
        var sketch = Self.sketch(entries: 64)
        let before = sketch.estimate(99)
        #expect(before == 0)
        for _ in 0..<40 { sketch.record(99) }
        let after = sketch.estimate(99)
        #expect(after == 15)
    }

    @Test("popularity is halved once in a period")
    func ageing() {
        var generator = SeededGenerator(seed: 6)
        var sketch = Self.sketch(entries: 1024)
        for _ in 0..<12 { sketch.record(7) }
        let before = sketch.estimate(7)
        for _ in 0..<(1024 * 10) { sketch.record(generator.next()) }
        let after = sketch.estimate(7)
        #expect(before == 12)
        #expect(after < before)
        #expect(after >= 6)
    }

    @Test("a table that shrinks forgets no hot key and gives its blocks back")
    func shrinking() {
        var sketch = Self.sketch(entries: 100_000)
        for _ in 0..<9 { for key in 0..<50 { sketch.record(UInt64(key)) } }
        let large = sketch.capacity
        for entries in (50..<100_000).reversed() { sketch.reserve(entries: entries) }
        let small = sketch.capacity
        #expect(large >= 100_000)
        #expect(small <= 256)
        // A key of a block that went finds the counters that its block once began with.
        sketch.reserve(entries: 300)
        for _ in 0..<9 { sketch.record(99) }
        let hot = sketch.estimate(99)
        #expect(hot >= 4)
    }

    @Test("growth keeps every estimate")
    func growthKeepsHistory() {
        var generator = SeededGenerator(seed: 7)
        var sketch = Self.sketch(entries: 64)
        let keys = (0..<60).map { _ in generator.next() }
        for (index, key) in keys.enumerated() {
            for _ in 0..<(index % 8) { sketch.record(key) }
        }
        let before = keys.map { sketch.estimate($0) }
        sketch.reserve(entries: 5000)
        let after = keys.map { sketch.estimate($0) }
        let capacity = sketch.capacity
        #expect(before == after)
        #expect(capacity >= 5000)
    }

    @Test("another seed lets other keys collide")
    func seeded() {
        // With one block, keys collide easily; which of them do must depend on the seed.
        func collisions(_ seed: (UInt64, UInt64)) -> [Int] {
            var sketch = FrequencySketch(seed: seed)
            sketch.reserve(entries: 64)
            for _ in 0..<2 { for key in 0..<500 { sketch.record(UInt64(key)) } }
            return (1000..<3000).filter { sketch.estimate(UInt64($0)) > 0 }
        }
        #expect(collisions((1, 2)) != collisions((3, 4)))
    }
}
