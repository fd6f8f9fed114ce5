/// The sampled keys that some shadow cache holds: a small number for each, its hash and its bytes.
struct ShadowKeys: Sendable {
    // A table of numbers, found by linear probing over the hash's high bits; an entry that goes
    // pulls the next ones back, so there are no tombstones.
    private static let homesMin = 64

    /// What is known of a key, by number.
    struct Key: Sendable {
        var hash: UInt64
        var bytes: UInt64
        /// The bytes that it counts in a shadow cache, and the part of them that this is of
        /// `bytes`.
        var chargeBytes: UInt64
        var share: Double
        var expiresAtNanos: UInt64
        /// The shadow caches that hold it.
        var holders: Int
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
            number = Int32(keys.count)
            if keys.capacity == keys.count { keys.reserveCapacity(keys.count + keys.count / 4 + 1) }
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
