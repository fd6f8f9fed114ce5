import LarderCache
import Testing

@Suite("The mean size of what is found")
struct FoundBytesTests {
    @Test("while nothing is found it is the mean of what is held")
    func nothing() {
        #expect(FoundBytes().mean(heldBytes: 300) == 300)
    }

    @Test("what is held but never found weighs little")
    func junk() {
        var found = FoundBytes()
        for _ in 0..<6400 { found.note(bytes: 500, share: 1) }
        let mean = found.mean(heldBytes: 10)
        #expect(mean > 490 && mean < 500)
    }

    @Test("an item counts with its share, and the past fades")
    func shares() {
        var found = FoundBytes()
        for _ in 0..<100_000 { found.note(bytes: 100, share: 1) }
        for _ in 0..<100_000 { found.note(bytes: 400, share: 0.5) }
        #expect(abs(found.mean(heldBytes: 200) - 200) < 1)
        for _ in 0..<20_000 { found.fade() }
        #expect(abs(found.mean(heldBytes: 77) - 77) < 1)
    }
}
