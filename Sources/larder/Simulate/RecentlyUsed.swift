/// A cache that evicts what was used least recently, to compare with: numbers and sizes only.
struct RecentlyUsed {
    private static let none: UInt32 = .max

    private struct Node {
        var newer = none
        var older = none
        var bytes: UInt32 = 0
    }

    private let budgetBytes: UInt64
    private var usedBytes: UInt64 = 0
    private var nodes: [Node]
    private var newest = none
    private var oldest = none

    init(budgetBytes: UInt64, keyCount: Int) {
        self.budgetBytes = budgetBytes
        nodes = [Node](repeating: Node(), count: keyCount)
    }

    /// Asks for a key, and puts it in on a miss; tells whether it was there.
    mutating func request(_ key: UInt32, bytes: UInt32) -> Bool {
        let held = nodes[Int(key)].bytes
        if held > 0 {
            detach(key)
            attach(key, bytes: held)
            return true
        }
        guard UInt64(bytes) <= budgetBytes else { return false }
        while usedBytes + UInt64(bytes) > budgetBytes { detach(oldest) }
        attach(key, bytes: bytes)
        return false
    }

    private mutating func attach(_ key: UInt32, bytes: UInt32) {
        nodes[Int(key)] = Node(newer: Self.none, older: newest, bytes: bytes)
        if newest == Self.none { oldest = key } else { nodes[Int(newest)].newer = key }
        newest = key
        usedBytes += UInt64(bytes)
    }

    private mutating func detach(_ key: UInt32) {
        let node = nodes[Int(key)]
        if node.newer == Self.none {
            newest = node.older
        } else {
            nodes[Int(node.newer)].older = node.older
        }
        if node.older == Self.none {
            oldest = node.newer
        } else {
            nodes[Int(node.older)].newer = node.newer
        }
        nodes[Int(key)].bytes = 0
        usedBytes -= UInt64(node.bytes)
    }
}
