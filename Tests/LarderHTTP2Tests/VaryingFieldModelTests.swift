import LarderHTTP2
import Testing

/// As `BlockMemoModelTests`, with requests of a client that spells the same fields in every way that
/// HPACK has, and one of them with another value each time.
@Suite("Lists known but for a field, beside decoded ones")
struct VaryingFieldModelTests {
    @Test("blocks mean the same, known or decoded", arguments: Seeds.upTo(300))
    func twins(seed: UInt64) throws {
        let groups = NaiveEncoder.groups(seed: seed)
        var options = SessionOptions()
        options.varyingField = VaryingField("left")
        let known = try Outcome(groups, chunkBytes: .max, options: options)
        let decoded = try Outcome(groups, chunkBytes: 1, options: options)
        known.expectSame(as: decoded, "seed \(seed)")
    }

    @Test("calls go past nghttp2 in them, so that there is something to compare")
    func passed() throws {
        var options = SessionOptions()
        options.varyingField = VaryingField("left")
        var count: UInt64 = 0
        for seed in 0..<20 as Range<UInt64> {
            let groups = NaiveEncoder.groups(seed: seed)
            count += try Outcome(groups, chunkBytes: .max, options: options).passedCount
        }
        #expect(count > 100)
    }
}

/// Header blocks of a few lists, each field spelt in one of the ways that the table allows, and now
/// and then in one that it does not.
private struct NaiveEncoder {
    private struct Field: Equatable {
        var name: String
        var value: String
        var tableBytes: Int { name.utf8.count + value.utf8.count + 32 }
    }

    private var generator: SeededGenerator
    /// The newest first.
    private var table: [Field] = []
    private var nextStream: UInt32 = 1
    private let lists: [[Field]]
    /// How willing it is to add to the table: a client has its way.
    private let addsOneIn: Int

    static func groups(seed: UInt64) -> [[UInt8]] {
        var encoder = NaiveEncoder(generator: SeededGenerator(seed: seed))
        let first = RawFrame.preface + RawFrame.settings
        return [first] + (0..<25).map { _ in encoder.group() }
    }

    private init(generator: SeededGenerator) {
        var generator = generator
        addsOneIn = [1, 1, 2, 5].randomElement(using: &generator) ?? 1
        // Long ones let the table turn over soon.
        let fill = String(repeating: "f", count: Int.random(in: 1...600, using: &generator))
        lists = (0..<3).map { number in
            var list = [
                Field(name: ":method", value: "POST"), Field(name: ":scheme", value: "http"),
                Field(name: ":path", value: "/\(number)"), Field(name: ":authority", value: "h"),
                Field(name: "fill", value: fill), Field(name: "left", value: ""),
            ]
            if number > 0 { list.append(Field(name: "last", value: "of all")) }
            if number == 2 { list.append(Field(name: "left", value: "")) }
            return list
        }
        self.generator = generator
    }

    private mutating func oneIn(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &generator) == 0
    }

    private mutating func group() -> [UInt8] {
        (0..<Int.random(in: 1...8, using: &generator)).flatMap { _ in request() }
    }

    private mutating func request() -> [UInt8] {
        // The last list has the field twice.
        let list = lists[oneIn(12) ? 2 : oneIn(5) ? 1 : 0]
        var block: [UInt8] = []
        for field in list {
            block += spell(field.name == "left" ? Field(name: "left", value: left()) : field)
        }
        if oneIn(60) { block += spell(Field(name: "extra", value: "\(nextStream)")) }
        defer { nextStream += 2 }
        if oneIn(8) { return RawFrame.headers(stream: nextStream, block: block, endStream: true) }
        return RawFrame.headers(stream: nextStream, block: block)
            + RawFrame.data(stream: nextStream, [7], endStream: true)
    }

    private mutating func left() -> String {
        switch Int.random(in: 0..<40, using: &generator) {
        case 0: ""
        case 1: String(repeating: "7", count: 15)
        case 2: String(repeating: "7", count: 16)
        case 3: "7 m"
        case 4: "7\u{7F}"
        default: "\(Int.random(in: 0..<100_000_000, using: &generator))u"
        }
    }

    private mutating func spell(_ field: Field) -> [UInt8] {
        // Very seldom, an index that means something else, or nothing.
        if oneIn(2000) { return [UInt8.random(in: 0x80...0xFF, using: &generator)] }
        switch (field.name, field.value) {
        case (":method", _): return [0x83]
        case (":scheme", _): return [0x86]
        default: break
        }
        if let index = table.firstIndex(of: field), !oneIn(10) {
            return Self.number(62 + index, prefixBits: 7, tag: 0x80)
        }
        let isAdded = oneIn(addsOneIn)
        let (tag, prefixBits): (UInt8, UInt8) = isAdded ? (0x40, 6) : (oneIn(2) ? 0x10 : 0, 4)
        var spelt: [UInt8]
        if let index = table.firstIndex(where: { $0.name == field.name }), !oneIn(4) {
            spelt = Self.number(62 + index, prefixBits: prefixBits, tag: tag)
        } else {
            spelt = [tag] + Self.text(field.name)
        }
        spelt += Self.text(field.value)
        if isAdded { add(field) }
        return spelt
    }

    private mutating func add(_ field: Field) {
        table.insert(field, at: 0)
        while table.reduce(0, { $0 + $1.tableBytes }) > 4096 { table.removeLast() }
    }

    private static func text(_ text: String) -> [UInt8] {
        number(text.utf8.count, prefixBits: 7, tag: 0) + Array(text.utf8)
    }

    /// An integer as RFC 7541, 5.1, has it.
    private static func number(_ value: Int, prefixBits: UInt8, tag: UInt8) -> [UInt8] {
        let most = 1 << Int(prefixBits) - 1
        if value < most { return [tag | UInt8(value)] }
        var bytes = [tag | UInt8(most)]
        var rest = value - most
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
