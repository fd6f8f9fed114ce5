import LarderPages
import Testing

@Suite("Pages")
struct PageRunTests {
    private static let page = SystemPages.pageBytes

    private func pool(keptBytesMax: Int = 64 << 20) -> PagePool {
        let pool = PagePool()
        pool.setKeptBytesMax(keptBytesMax)
        return pool
    }

    private struct NoPages: Error {}

    private func run(_ bytes: Int, _ pool: PagePool) throws -> PageRun {
        guard let run = pool.run(bytes: bytes) else { throw NoPages() }
        return run
    }

    private func pattern(_ count: Int, _ seed: Int = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ ($0 >> 8) &+ seed) }
    }

    private func array(_ bytes: Span<UInt8>) -> [UInt8] {
        var array: [UInt8] = []
        for index in bytes.indices { array.append(bytes[index]) }
        return array
    }

    private func fill(_ run: inout PageRun, _ bytes: [UInt8], pieceBytes: Int) {
        var start = 0
        while start < bytes.count {
            let end = min(start + pieceBytes, bytes.count)
            run.append(bytes.span.extracting(start..<end))
            start = end
        }
    }

    @Test(
        "what comes piece by piece lies in a row", arguments: [1, 4_095, 4_096, 100_000, 300_000])
    func gathering(pieceBytes: Int) throws {
        let pool = pool()
        let bytes = pattern(pieceBytes == 1 ? 10_000 : 300_001)
        var run = try run(bytes.count, pool)
        fill(&run, bytes, pieceBytes: pieceBytes)
        let gathered = array(run.bytes)
        #expect(gathered == bytes)
    }

    @Test("pages get memory as the bytes come")
    func residence() throws {
        let pool = pool()
        var run = try run(1 << 30, pool)
        var resident = run.residentBytes
        #expect(resident == 0)
        let piece = pattern(10_000)
        for number in 1...50 {
            run.append(piece.span)
            resident = run.residentBytes
            #expect(resident >= number * piece.count && resident <= 5 * number * piece.count)
        }
    }

    @Test("a run that is whole serves the next, one that is not goes")
    func reuse() throws {
        let pool = pool()
        for round in 0..<3 {
            let bytes = pattern(300_000 - round * 1_000, round)
            var run = try run(bytes.count, pool)
            #expect(pool.keptBytes == 0)
            let resident = run.residentBytes
            #expect((resident > 0) == (round > 0))
            fill(&run, bytes, pieceBytes: 16_384)
            let gathered = array(run.bytes)
            #expect(gathered == bytes)
            run = PageRun()
            #expect(pool.keptBytes >= bytes.count)
        }
        var half = try run(1 << 20, pool)
        half.append(pattern(100).span)
        let kept = pool.keptBytes
        half = PageRun()
        #expect(pool.keptBytes == kept)
    }

    @Test("what is kept is bounded, the oldest go first")
    func bound() {
        let pool = pool(keptBytesMax: 1 << 20)
        for number in 0..<6 {
            guard var run = pool.run(bytes: 400_000 + number * 200_000) else { continue }
            fill(&run, pattern(400_000 + number * 200_000), pieceBytes: 65_536)
        }
        #expect(pool.keptBytes <= 1 << 20 && pool.keptBytes > 0)
        pool.setKeptBytesMax(0)
        #expect(pool.keptBytes == 0)
        // What is too much alone is not kept at all.
        if var run = pool.run(bytes: 5_000) { fill(&run, pattern(5_000), pieceBytes: 5_000) }
        #expect(pool.keptBytes == 0)
    }

    @Test("whoever takes pages over gets those that the bytes lie in, and no others")
    func givingUp() throws {
        let pool = pool()
        let page = Self.page
        let bytes = pattern(10 * page + 17)
        let starts = [0, 1, page - 1, page, page + 1, 3 * page + 5]
        let ends = [bytes.count, bytes.count - 17, bytes.count - 18, 7 * page, 5 * page + 1]
        for start in starts {
            for end in ends {
                var run = try run(bytes.count, pool)
                fill(&run, bytes, pieceBytes: 5_000)
                let value = unsafe run.address(of: start..<end)
                unsafe run.giveUp(keeping: start..<end)
                let hasPages = run.hasPages
                let count = run.count
                #expect(!hasPages && count == 0)
                let rest = unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: end - start))
                #expect(rest == Array(bytes[start..<end]))
                let offset = unsafe SystemPages.offset(of: value)
                #expect(offset == start % page)
                let kept = pool.keptBytes
                unsafe pool.keep(value - offset, bytes: offset + end - start)
                #expect(pool.keptBytes == kept + SystemPages.roundedUp(offset + end - start))
                pool.setKeptBytesMax(0)
                pool.setKeptBytesMax(64 << 20)
            }
        }
    }

    @Test("what is kept goes back when it is asked to")
    func letGo() throws {
        let pool = pool()
        var run = try run(1 << 20, pool)
        fill(&run, pattern(1 << 20), pieceBytes: 1 << 16)
        run = PageRun()
        let kept = pool.keptBytes
        pool.letGo()
        #expect(kept > 0 && pool.keptBytes == 0)
    }

    @Test("a system that gives none is no fault")
    func tooMany() {
        let none = pool().run(bytes: 1 << 50)
        let isNone = none == nil
        #expect(isNone)
    }

    @Test("no pages are no bytes")
    func none() {
        let run = PageRun()
        let isEmpty = run.bytes.isEmpty
        let hasPages = run.hasPages
        #expect(isEmpty && !hasPages)
    }
}
