import LarderProtocol

/// The protobuf codec on a Get.
enum CodecBench {
    private static let operations = 1_000_000

    static func run(_ measure: Measure) {
        var request = WireWriter()
        GetRequest(key: [UInt8](repeating: 0x6b, count: 16)).encode(into: &request)
        let bytes = request.array
        measure("codec: decode a Get", operations: operations) { _ in
            var sum = 0
            for _ in 0..<operations {
                if let view = try? GetRequestView(decoding: bytes.span) { sum += view.key.count }
            }
            keep(sum)
        }
        let value = [UInt8](repeating: 7, count: 100)
        var answer = WireWriter(capacity: 1024)
        measure("codec: encode an answer of 100 bytes", operations: operations) { round in
            for number in 0..<operations {
                answer.clear()
                let head = GetResponseHead(
                    outcome: .hit, version: UInt64(number + round), valueBytes: 100)
                head.encode(into: &answer, value: value.span)
            }
            keep(answer.count)
        }
    }
}
