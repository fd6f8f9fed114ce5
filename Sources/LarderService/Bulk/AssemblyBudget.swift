import Synchronization

/// The memory that unfinished split values may take, all loads together.
///
/// It lies outside the cache's budget, and a peer that never finishes must not grow it for ever.
final class AssemblyBudget: Sendable {
    let bytesMax: UInt64
    private let takenBytes = Atomic<UInt64>(0)

    init(bytesMax: UInt64) { self.bytesMax = bytesMax }

    /// Takes as many bytes unless that would be more than there are.
    func take(_ bytes: Int) -> Bool {
        let (_, after) = takenBytes.wrappingAdd(UInt64(bytes), ordering: .relaxed)
        if after <= bytesMax { return true }
        giveBack(bytes)
        return false
    }

    func giveBack(_ bytes: Int) {
        takenBytes.wrappingSubtract(UInt64(bytes), ordering: .relaxed)
    }
}
