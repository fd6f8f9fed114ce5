import LarderCache
import Testing

@Suite("The order of the main region")
struct MainRegionTests {
    private static func block(_ arena: borrowing EntryArena, _ number: Int) -> EntryBlock {
        EntryBlock.make(
            in: arena, key: keyBytes(number).span, value: [1].span,
            flags: 0)
    }

    @Test("values stay apart however high the floor has become", arguments: [0, 1e4, 1e12, 1e30])
    func eras(floor: Double) {
        let arena = EntryArena()
        var region = MainRegion()
        region.raiseFloor(to: floor)
        // Eight entries, each worth a little more than the one before.
        let blocks = (0..<8).map { Self.block(arena, $0) }
        for (index, block) in blocks.enumerated() {
            region.append(block, bytes: 1, value: 1 + Double(index) / 100)
        }
        // Each victim is filed anew; now and then the floor leaps ahead.
        var turn = 0
        for round in 0..<400 {
            if round % 40 == 39 { region.raiseFloor(to: region.floor + 1e6) }
            for _ in blocks {
                guard let victim = region.victim else { break }
                #expect(victim == blocks[turn % blocks.count])
                region.raiseFloor(to: region.standing(of: victim))
                region.remove(victim, bytes: 1)
                region.append(victim, bytes: 1, value: 1 + Double(turn % 8) / 100)
                turn += 1
            }
            region.forEach { _ in }
        }
        #expect(region.eraCount >= 5)
        #expect(region.floor < 1e6)
        for block in blocks {
            region.remove(block, bytes: 1)
            block.release()
        }
    }

    @Test("an entry of a former era keeps its place among those of the new one")
    func formerEra() {
        let arena = EntryArena()
        var region = MainRegion()
        let blocks = (0..<3).map { Self.block(arena, $0) }
        region.append(blocks[0], bytes: 1, value: 10_000)
        region.raiseFloor(to: 9_000)
        region.append(blocks[1], bytes: 1, value: 1)
        #expect(region.eraCount == 1 && region.floor == 0)
        region.append(blocks[2], bytes: 1, value: 2_000)
        region.forEach { _ in }
        #expect(region.standing(of: blocks[0]) == 1_000)
        for expected in [1, 0, 2] {
            #expect(region.victim == blocks[expected])
            region.remove(blocks[expected], bytes: 1)
            blocks[expected].release()
        }
    }
}
