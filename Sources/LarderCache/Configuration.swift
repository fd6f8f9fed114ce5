extension Cache {
    /// The largest budget that counts: 224 GiB. A larger one is taken as this.
    public static let budgetBytesMax = EntryArena.liveBytesMax

    /// Whether the system has addresses for one more cache: 512 GiB of them for a moment, half of
    /// that for as long as the cache lives, none with memory behind before something is stored. It
    /// has, unless a limit is set (`ulimit -v`).
    public static var systemHasAddresses: Bool { EntryArena.systemHasAddresses }

    /// What a cache is made with.
    public struct Configuration: Sendable {
        static let shardCountMax = 4096

        /// The bytes that keys, values and their overhead may take together.
        public var budgetBytes: UInt64
        /// The entries that may be held, at least 1; `nil`: as many as the budget allows.
        public var entriesMax: UInt64?
        /// The longest key; at most 65,535.
        public var keyBytesMax: Int
        /// The largest value; at most 4 GiB less one. What can never fit the budget is refused
        /// too.
        public var valueBytesMax: UInt64
        /// The locks that the keys are spread over: a power of two, at most 4,096.
        public var shardCount: Int
        /// The threads that are expected to write at the same time, at least 1. More may; they
        /// wait for each other more often.
        public var writerCount = 1
        public var seed: HashSeed
        /// What a miss costs: decides what is kept.
        public var missCost: MissCost
        /// How an entry's bytes are found.
        package var charging = Charging.real
        /// Bytes of pages that are kept for who gathers values in them, beside what is kept for
        /// the cache itself.
        package var gatheringPageBytes: UInt64 = 0
        /// The version of a write at moment 0; later ones are greater by 1 for every 256 ns, and
        /// by 1 at least. Not 0.
        public var firstVersion: UInt64

        public init(
            budgetBytes: UInt64, seed: HashSeed, entriesMax: UInt64? = nil,
            keyBytesMax: Int = 1024, valueBytesMax: UInt64 = 512 * 1024 * 1024,
            shardCount: Int = 64, missCost: MissCost = .balanced, firstVersion: UInt64 = 1
        ) {
            self.budgetBytes = budgetBytes
            self.seed = seed
            self.entriesMax = entriesMax
            self.keyBytesMax = keyBytesMax
            self.valueBytesMax = valueBytesMax
            self.shardCount = shardCount
            self.missCost = missCost
            self.firstVersion = firstVersion
        }
    }
}
