/// The sampled keys that some shadow cache holds: a small number for each, its hash and its bytes.
struct ShadowKeys: Sendable {
    // A table of numbers, found by linear probing over the hash's high bits; an entry that goes
    // pulls the next ones back, so there are no tombstones.
    private static let homesMin = 64

    /// Numbers that are given out: shadow caches have 24 bits for one.
    private static let numbersMax = (1 << 24) - 1
    /// Numbers that there is room for from the beginning: as many as a sample usually has. What is
    /// not written has no memory, and what is moved leaves holes behind.
    private static let roomMin = 2048 + 128

    /// The room to make for so many numbers: by a quarter, where an array by itself doubles.
    static func room(for count: Int) -> Int { max(count + count / 4, roomMin) }

    /// What is known of a key, by number.
    struct Key: Sendable {
        // The bytes stand above how often they are halved and the count of the holders.
        private static let bytesShift: UInt64 = 16
        private static let halvingsShift: UInt64 = 8
        private static let bytesMax: UInt64 = (1 << 48) - 1

        let hash: UInt64
        var expiresAtNanos: UInt64
        private var word: UInt64

        /// `halvings`: so often are bytes and cost halved to be what counts in a shadow cache.
        init(hash: UInt64, bytes: UInt64, halvings: Int, expiresAtNanos: UInt64) {
            self.hash = hash
            self.expiresAtNanos = expiresAtNanos
            let known = min(bytes, Self.bytesMax)
            word = known &<< Self.bytesShift | UInt64(halvings) &<< Self.halvingsShift
        }

        var bytes: UInt64 { word &>> Self.bytesShift }
        var halvings: Int { Int(word &>> Self.halvingsShift & 0xff) }
        /// The bytes that it counts in a shadow cache.
        var chargeBytes: UInt64 { max(1, bytes &>> UInt64(halvings)) }
        /// The part of them that this is of `bytes`.
        var share: Double { 1 / Double(UInt64(1) &<< UInt64(halvings)) }

        /// The shadow caches that hold it.
        var holders: Int {
            get { Int(word & 0xff) }
            set { word = word & ~0xff | UInt64(UInt8(newValue)) }
        }
    }

    private var slots: [Int32]
    private(set) var keys: [Key] = []
    private var free: [Int32] = []
    private var count = 0

    init() {
        slots = Array(repeating: -1, count: Self.homesMin)
    }

    /// Numbers given out so far, those in use and those that wait to be used again.
    var numberCount: Int { keys.count }

    /// Every number that stands for a key now.
    var numbersInUse: [Int32] { slots.filter { $0 >= 0 } }

    subscript(number: Int32) -> Key {
        get { keys[Int(number)] }
        set { keys[Int(number)] = newValue }
    }

    /// The number of a key.
    func find(_ hash: UInt64) -> Int32? {
        var index = home(of: hash)
        while slots[index] >= 0 {
            if keys[Int(slots[index])].hash == hash { return slots[index] }
            index = (index + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Gives a number to a key that has none.
    mutating func add(_ key: Key) -> Int32 {
        if count * 2 >= slots.count { grow() }
        let number: Int32
        if let reused = free.popLast() {
            number = reused
            keys[Int(number)] = key
        } else {
            precondition(keys.count < Self.numbersMax, "a sample has few keys")
            number = Int32(keys.count)
            if keys.capacity == keys.count { keys.reserveCapacity(Self.room(for: keys.count + 1)) }
            keys.append(key)
        }
        place(number)
        count += 1
        return number
    }

    /// Takes a number back.
    mutating func remove(_ number: Int32) {
        let mask = slots.count - 1
        var hole = home(of: keys[Int(number)].hash)
        while slots[hole] != number { hole = (hole + 1) & mask }
        var index = (hole + 1) & mask
        while slots[index] >= 0 {
            let home = home(of: keys[Int(slots[index])].hash)
            // It may move back unless its home lies behind the hole.
            if (index - home) & mask >= (index - hole) & mask {
                slots[hole] = slots[index]
                hole = index
            }
            index = (index + 1) & mask
        }
        slots[hole] = -1
        free.append(number)
        count -= 1
    }

    private func home(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash &>> 36) & (slots.count - 1)
    }

    private mutating func place(_ number: Int32) {
        var index = home(of: keys[Int(number)].hash)
        while slots[index] >= 0 { index = (index + 1) & (slots.count - 1) }
        slots[index] = number
    }

    private mutating func grow() {
        let former = slots
        slots = Array(repeating: -1, count: former.count * 2)
        for number in former where number >= 0 { place(number) }
    }
}
