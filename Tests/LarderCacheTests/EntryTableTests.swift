import LarderCache
import Testing

@Suite("Entry table")
struct EntryTableTests {
    private static func block(_ key: [UInt8], in arena: borrowing EntryArena) -> EntryBlock {
        EntryBlock.make(in: arena, key: key.span, value: Span(), flags: 0)
    }

    @Test("it finds what a dictionary finds", arguments: 0..<20)
    func agreesWithDictionary(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let arena = EntryArena()
        var table = EntryTable(arena)
        var twin: [[UInt8]: EntryBlock] = [:]
        // Few distinct hashes in some runs, greatest ones in others: long runs of slots.
        let hashMask: UInt64 = [.max, 0xff << 56, 0x3, .max][seed % 4]
        let hashBase: UInt64 = seed % 4 == 3 ? ~0 << 60 : 0
        let hasher = KeyHash(.fixed(UInt64(seed)))
        let most = 1 + generator.below(500)
        for step in 0..<3000 {
            let key = keyBytes(generator.below(most))
            let hash = hasher(key.span) & hashMask | hashBase
            let found = table.find(key.span, hash: hash)
            #expect(found == twin[key])
            // Fills up and drains in turns.
            let isFilling = step / 500 % 2 == 0
            switch (found, generator.oneIn(4) ? !isFilling : isFilling) {
            case (nil, true):
                let block = Self.block(key, in: arena)
                table.insert(block, hash: hash)
                twin[key] = block
            case (let older?, true):
                let block = Self.block(key, in: arena)
                table.replace(older, with: block, hash: hash)
                twin[key] = block
                older.release()
            case (let older?, false):
                table.remove(older, hash: hash)
                twin[key] = nil
                older.release()
            case (nil, false): break
            }
            table.checkInvariants()
            let count = table.count
            #expect(count == twin.count)
        }
        for block in twin.values { block.release() }
    }

    @Test("a scan that is carried on sees all that stays, however the table grows and shrinks")
    func scanSurvivesGrowth() {
        var generator = SeededGenerator(seed: 77)
        let hasher = KeyHash(.fixed())
        let arena = EntryArena()
        var table = EntryTable(arena)
        func makeBlock(_ number: Int) -> EntryBlock { Self.block(keyBytes(number), in: arena) }
        let staying = (0..<300).map(makeBlock)
        for block in staying { table.insert(block, hash: hasher(block.key)) }
        var passing: [EntryBlock] = []
        var number = 1000
        var seen: Set<[UInt8]> = []
        var batch = ScanBatch()
        var position: UInt64? = 0
        while let from = position {
            position = table.collect(
                from: from, into: &batch, entriesMax: 7, bytesMax: .max, nowNanos: 0)
            for index in 0..<batch.count {
                let entry = batch.reference(at: index)
                seen.insert(entry.key.array)
            }
            batch.clear()
            if generator.oneIn(2) {
                for _ in 0..<200 {
                    let block = makeBlock(number)
                    number += 1
                    table.insert(block, hash: hasher(block.key))
                    passing.append(block)
                }
            } else {
                for block in passing {
                    table.remove(block, hash: hasher(block.key))
                    block.release()
                }
                passing = []
            }
        }
        for block in staying { #expect(seen.contains(block.key.array)) }
        for block in staying + passing { block.release() }
    }
}
