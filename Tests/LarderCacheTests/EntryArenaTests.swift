import LarderCache
import Testing

@Suite("Entry arena")
struct EntryArenaTests {
    /// What an entry of this number and size holds.
    private static func value(_ number: Int, count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
    }

    /// Sizes from a few bytes to beyond the largest cell, small ones more often.
    private static func size(_ generator: inout SeededGenerator) -> Int {
        switch generator.below(200) {
        case 0: return 200_000 + generator.below(200_000)
        case 1..<10: return generator.below(20_000)
        case 10..<30: return 1000 + generator.below(30)
        default: return generator.below(200)
        }
    }

    @Test("entries keep their bytes whatever comes and goes beside them", arguments: 0..<8)
    func agreesWithTwin(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let arena = EntryArena()
        var twin: [(block: EntryBlock, number: Int, count: Int)] = []
        for number in 0..<4000 {
            let isFilling = number / 500 % 2 == 0
            if twin.isEmpty || generator.below(10) < (isFilling ? 8 : 3) {
                let count = Self.size(&generator)
                let block = EntryBlock.make(
                    in: arena, key: keyBytes(number).span,
                    value: Self.value(number, count: count).span,
                    flags: UInt32(number % 3), mayExpire: generator.oneIn(3))
                twin.append((block, number, count))
            } else {
                twin.swapAt(generator.below(twin.count), twin.count - 1)
                let (block, number, count) = twin.removeLast()
                #expect(block.key.array == keyBytes(number))
                #expect(block.value.array == Self.value(number, count: count))
                block.release()
            }
            if generator.oneIn(100) { arena.giveBackIdle() }
            if number % 50 == 0 { arena.checkInvariants() }
        }
        for (block, number, count) in twin {
            #expect(block.key.array == keyBytes(number))
            #expect(block.value.array == Self.value(number, count: count))
            block.release()
        }
        arena.checkInvariants()
        let live = arena.usage.liveBytes
        #expect(live == 0)
    }

    @Test("cells of one size are used again and take no more room")
    func reuse() {
        let arena = EntryArena()
        func make(_ number: Int) -> EntryBlock {
            EntryBlock.make(
                in: arena, key: keyBytes(number).span,
                value: Self.value(number, count: 100).span, flags: 0)
        }
        var blocks = (0..<20_000).map(make)
        let before = arena.usage
        for number in 0..<50_000 {
            blocks[number * 7 % blocks.count].release()
            blocks[number * 7 % blocks.count] = make(number)
        }
        #expect(arena.usage == before)
        for block in blocks { block.release() }
        arena.checkInvariants()
    }

    @Test("an entry held outlives the arena's owner")
    func outlivesOwner() {
        func made() -> EntryBlock {
            let arena = EntryArena()
            return EntryBlock.make(
                in: arena, key: [1].span, value: [2, 3].span, flags: 0)
        }
        let block = made()
        #expect(block.value.array == [2, 3])
        block.release()
    }
}
