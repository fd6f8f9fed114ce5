/// Entries in a row, oldest first, linked through their own headers.
struct EntryList: Sendable {
    private(set) var head: EntryBlock?
    private(set) var tail: EntryBlock?

    var isEmpty: Bool { head == nil }

    mutating func append(_ block: EntryBlock) {
        block.previous = tail
        block.next = nil
        if let tail { tail.next = block } else { head = block }
        tail = block
    }

    mutating func remove(_ block: EntryBlock) {
        let previous = block.previous
        let next = block.next
        if let previous { previous.next = next } else { head = next }
        if let next { next.previous = previous } else { tail = previous }
        block.previous = nil
        block.next = nil
    }

    /// Puts `newer` where `older` is, which then is in no list.
    mutating func exchange(_ older: EntryBlock, for newer: EntryBlock) {
        let previous = older.previous
        let next = older.next
        newer.previous = previous
        newer.next = next
        if let previous { previous.next = newer } else { head = newer }
        if let next { next.previous = newer } else { tail = newer }
        older.previous = nil
        older.next = nil
    }
}

extension EntryList {
    /// Runs `body` on every entry from the oldest on; it may let go of the entry it is given.
    func forEach(_ body: (EntryBlock) -> Void) {
        var next = head
        while let block = next {
            next = block.next
            body(block)
        }
    }
}
