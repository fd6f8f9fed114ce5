import LarderService

/// What a server cannot begin without.
enum SystemNeeds {
    /// Descriptors that are open before anybody comes: of the process, of each thread, and one of
    /// each address. Without them libuv ends the process, without a word.
    private static let ownDescriptors = 24
    private static let descriptorsPerThread = 4

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
        return ownDescriptors + settings.threads * descriptorsPerThread + addresses
    }
}
