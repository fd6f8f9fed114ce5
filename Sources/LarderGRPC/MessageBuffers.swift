/// Storage of long messages that went, kept for those that come: fresh memory costs a fault for
/// each of its pages. The calls of one loop share one of these.
package final class MessageBuffers {
    /// Kept at most: room for one of the longest messages, or for a few shorter ones.
    package static let bytesMax = 5 << 20
    private static let buffersMax = 16
    /// A buffer serves a message if no more than one part in so many of it is left over.
    private static let restDivisor = 4

    /// The oldest first.
    private var kept: [[UInt8]] = []
    package private(set) var bytes = 0

    package init() {}

    /// Empty storage for `bytesMin` bytes now and a message of `messageBytes` in the end, if there
    /// is one that suits it.
    func take(bytesMin: Int, messageBytes: Int) -> [UInt8]? {
        let suiting = kept.firstIndex { buffer in
            let bytes = buffer.capacity
            return bytes >= bytesMin && bytes - bytes / Self.restDivisor <= messageBytes
        }
        guard let suiting else { return nil }
        var buffer = kept.remove(at: suiting)
        bytes -= buffer.capacity
        buffer.removeAll(keepingCapacity: true)
        return buffer
    }

    /// Keeps nothing until the next message has gone.
    package func letGo() {
        kept = []
        bytes = 0
    }

    /// Takes storage that nobody else has.
    func keep(_ buffer: consuming [UInt8]) {
        guard buffer.capacity <= Self.bytesMax else { return }
        bytes += buffer.capacity
        kept.append(buffer)
        while bytes > Self.bytesMax || kept.count > Self.buffersMax {
            bytes -= kept.removeFirst().capacity
        }
    }
}
