/// The mean size of the items that were found of late, each as often as it was found.
///
/// The measure of what a byte costs beside a request. The items that are held would be one too,
/// but anybody can fill the cache with tiny ones: those that are never asked for again change
/// nothing here.
package struct FoundBytes: Sendable {
    /// As many items found are worth as much as all that are held: where hardly any is found,
    /// these tell what is usual.
    private static let heldWeight = 64.0
    /// What is left of the past each time. A measure that all values hang on changes slowly.
    private static let memory = 0.999

    private var bytes = 0.0
    private var count = 0.0

    package init() {}

    /// Notes an item that was found; `share`: what it counts.
    package mutating func note(bytes: UInt64, share: Double) {
        self.bytes += Double(bytes) * share
        count += share
    }

    /// Lets the past fade a little, as often as the modes are judged.
    package mutating func fade() {
        bytes *= Self.memory
        count *= Self.memory
    }

    /// The mean, where an item held has `heldBytes` in the mean.
    package func mean(heldBytes: Double) -> Double {
        (bytes + Self.heldWeight * heldBytes) / (count + Self.heldWeight)
    }
}
