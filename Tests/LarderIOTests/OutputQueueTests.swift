import LarderIO
import Testing

@Suite("What a stream is about to write")
struct OutputQueueTests {
    @Test(
        "references that are shorter than asked for are copied, longer ones are held",
        arguments: [1, 0, -1], [OutputQueue.referenceBytesMin, 16 << 10, 40_000])
    func joinReferences(difference: Int, joinedBytes: Int) throws {
        var expected: [UInt8] = []
        try withLoop { loop in
            try connectPair(loop) { server, client in
                let ear = Ear(server)
                Ear(client)
                client.output.joinReferences(shorterThan: joinedBytes)
                for seed in 1...4 {
                    weak var held: Blob?
                    do {
                        let blob = Blob(count: joinedBytes - difference, seed: UInt64(seed))
                        held = blob
                        expected += blob.storage
                        expectTaken(client.output.append(copying: [UInt8(seed)].span))
                        expectTaken(client.output.append(referencing: blob.bytes, owner: blob))
                        expected.insert(UInt8(seed), at: expected.count - blob.storage.count)
                    }
                    #expect((held == nil) == (difference > 0))
                }
                let pendingBytes = client.output.pendingBytes
                #expect(pendingBytes == expected.count)
                client.flush()
                ear.onReceived = { ear, bytes in
                    ear.append(bytes)
                    guard ear.bytes.count >= expected.count else { return }
                    #expect(ear.bytes == expected)
                    loop.stop()
                }
            }
        }
    }

    @Test("no less is copied than is worth it, and what the arena has no room for is held")
    func joinBounds() throws {
        try withLoop { loop in
            try connectPair(loop) { server, client in
                Ear(server, start: false)
                Ear(client)
                client.output.joinReferences(shorterThan: 1)
                weak var short: Blob?
                do {
                    let blob = Blob(count: OutputQueue.referenceBytesMin - 1, seed: 1)
                    short = blob
                    expectTaken(client.output.append(referencing: blob.bytes, owner: blob))
                }
                #expect(short == nil)
                client.output.joinReferences(shorterThan: .max)
                weak var long: Blob?
                do {
                    let blob = Blob(count: OutputQueue.pendingBytesMax / 2, seed: 2)
                    long = blob
                    expectTaken(client.output.append(referencing: blob.bytes, owner: blob))
                }
                #expect(long != nil)
                loop.stop()
            }
        }
    }
}
