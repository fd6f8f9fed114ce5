/// A place in the order in which a scan visits the cache: shard by shard, by hash.
///
/// It stays good while tables grow and shrink, and names no memory: any two numbers are a place.
package struct ScanCursor: Hashable, Sendable {
    package let shard: UInt64
    /// The least hash not visited yet.
    package let position: UInt64

    package init(shard: UInt64, position: UInt64) {
        self.shard = shard
        self.position = position
    }

    package static let start = ScanCursor(shard: 0, position: 0)
}
