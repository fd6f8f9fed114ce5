/// The hashes of the entries of a list that come up next, found out when they were asked for.
struct KnownHashes: Sendable {
    // 0 is no link.
    private var links: (UInt32, UInt32, UInt32) = (0, 0, 0)
    private var hashes: (UInt64, UInt64, UInt64) = (0, 0, 0)

    @inline(__always)
    func hash(of link: UInt32) -> UInt64? {
        if link == links.0 { return hashes.0 }
        if link == links.1 { return hashes.1 }
        if link == links.2 { return hashes.2 }
        return nil
    }

    /// Whether this is the entry that was learnt last.
    @inline(__always)
    func isLatest(_ link: UInt32) -> Bool { link == links.2 }

    /// Learns one more, for the one that was learnt longest ago.
    @inline(__always)
    mutating func learn(_ link: UInt32, _ hash: UInt64) {
        links = (links.1, links.2, link)
        hashes = (hashes.1, hashes.2, hash)
    }

    /// Another entry may come to lie where this one was.
    @inline(__always)
    mutating func forget(_ link: UInt32) {
        if link == links.0 { links.0 = 0 }
        if link == links.1 { links.1 = 0 }
        if link == links.2 { links.2 = 0 }
    }
}
