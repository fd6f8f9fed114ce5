import LarderService
import Logging

/// What a server needs of the system.
enum SystemNeeds {
    /// Descriptors that are open before anybody comes: of the process, of each thread, and one of
    /// each address. Without them libuv ends the process, without a word.
    private static let toBegin = 24
    private static let toBeginPerThread = 4
    /// Descriptors that connections leave alone: those to begin, what is opened later, and some to
    /// spare.
    private static let keptFree = 64
    private static let keptFreePerThread = 8
    /// Where nobody has said how many connections there may be, fewer than these are warned of.
    private static let connectionsExpected = 64

    /// Throws if the system grants the process too little. `descriptors`: how many it may have;
    /// nil if nobody knows.
    static func check(_ settings: Settings, descriptors: Int?) throws(ServerError) {
        let needed = descriptorsNeeded(settings)
        if let descriptors, descriptors < needed {
            throw .systemRefuses(
                "\(settings.threads) threads need \(needed) file descriptors, and the process may "
                    + "have \(descriptors) (ulimit -n)")
        }
        guard ServicesConfiguration.systemHasAddresses else {
            throw .systemRefuses(
                "address space of 512 GiB, of which only what is used takes memory (ulimit -v)")
        }
    }

    static func descriptorsNeeded(_ settings: Settings) -> Int {
        let addresses =
            settings.listen.count + settings.adminListen.count + settings.opsListen.count
        return toBegin + settings.threads * toBeginPerThread + addresses
    }

    /// How many connections the process has descriptors for.
    static func connectionsPossible(
        _ settings: Settings, descriptors: Int?, _ logger: Logger
    ) -> Int {
        guard let descriptors else { return .max }
        let kept = keptFree + settings.threads * keptFreePerThread
        let possible = max(1, descriptors - kept)
        if possible < settings.peers.connectionsMax ?? connectionsExpected {
            logger.warning(
                "there are not enough descriptors for more connections",
                metadata: ["max_connections": "\(possible)", "descriptors": "\(descriptors)"])
        }
        return possible
    }
}
