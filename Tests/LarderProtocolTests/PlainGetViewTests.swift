import LarderProtocol
import Testing

@Suite("PlainGetView")
struct PlainGetViewTests {
    private func bytes(_ operation: LarderProtocol.Operation) -> [UInt8] {
        var writer = WireWriter()
        operation.encode(into: &writer)
        return writer.array
    }

    private func array(_ bytes: Span<UInt8>) -> [UInt8] {
        var writer = WireWriter()
        writer.append(bytes)
        return writer.array
    }

    private func plain(_ bytes: [UInt8]) -> (id: UInt64, key: [UInt8])? {
        guard let view = PlainGetView(bytes.span) else { return nil }
        return (view.id, array(view.key))
    }

    @Test("a key and an id of any length are found", arguments: [0, 1, 16, 100, 125])
    func found(keyBytes: Int) throws {
        let key = (0..<keyBytes).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for id: UInt64 in [0, 1, 127, 128, 1 << 35, (1 << 63) - 1] {
            let request = bytes(LarderProtocol.Operation(id: id, .get(GetRequest(key: key))))
            guard keyBytes > 0 else {
                #expect(plain(request) == nil)
                continue
            }
            let view = try #require(plain(request))
            #expect(view.id == id)
            #expect(view.key == key)
        }
    }

    @Test("whatever else an operation says, it is not plain")
    func refused() {
        let get = GetRequest(key: [1, 2])
        var peek = get
        peek.peek = true
        let longKey = GetRequest(key: [UInt8](repeating: 1, count: 126))
        let others = [
            LarderProtocol.Operation(id: 1 << 63, .get(get)),
            LarderProtocol.Operation(id: 1, .get(longKey)),
            LarderProtocol.Operation(id: 1, .get(peek)),
            LarderProtocol.Operation(id: 1, .get(get), quiet: true),
            LarderProtocol.Operation(id: 1, .get(get), timeoutMillis: 5),
            LarderProtocol.Operation(id: 1, .none),
            LarderProtocol.Operation(id: 1, .set(SetRequest(key: [1, 2], value: [3]))),
            LarderProtocol.Operation(id: 1, .delete(DeleteRequest(key: [1, 2]))),
        ]
        for operation in others { #expect(plain(bytes(operation)) == nil) }
    }

    @Test("what is plain means the same read field by field", arguments: [1, 2, 3])
    func sameMeaning(seed: UInt64) throws {
        var generator = Seeded(seed)
        var plainCount = 0
        for _ in 0..<20_000 {
            let key = (0..<generator.choose(6)).map { _ in UInt8(generator.choose(256)) }
            var request = bytes(
                LarderProtocol.Operation(
                    id: UInt64(generator.choose(300)), .get(GetRequest(key: key))))
            if generator.choose(2) == 0, !request.isEmpty {
                request[generator.choose(request.count)] = UInt8(generator.choose(24))
            }
            if generator.choose(4) == 0 { request.removeLast(min(1, request.count)) }
            guard let view = plain(request) else { continue }
            plainCount += 1
            let operation = try OperationView(decoding: request.span)
            #expect(operation.kind == .get)
            #expect(operation.id == view.id)
            #expect(!operation.isSplit && !operation.quiet && operation.timeoutMillis == 0)
            let whole = GetRequest(try GetRequestView(decoding: operation.body))
            #expect(whole == GetRequest(key: view.key))
        }
        #expect(plainCount > 1_000)
    }
}
