/// The requests of a trace, in memory.
struct Trace {
    /// What it is called in reports.
    let name: String
    /// What was asked for, one after the other: a number for each key, from 0 on.
    private(set) var requests: [UInt32] = []
    /// The size that each request tells.
    private(set) var sizes: [UInt32] = []
    /// The key of each number.
    private(set) var keys: [UInt64] = []
    /// The bytes of all keys, each with the size that it had first.
    private(set) var uniqueBytes: UInt64 = 0
    private(set) var requestedBytes: UInt64 = 0
    private var numbers: [UInt64: UInt32] = [:]

    init(name: String) {
        self.name = name
    }

    /// Adds a request. Nothing is smaller than a byte.
    mutating func append(key: UInt64, size: UInt32) {
        let size = max(size, 1)
        let number: UInt32
        if let known = numbers[key] {
            number = known
        } else {
            number = UInt32(truncatingIfNeeded: keys.count)
            numbers[key] = number
            keys.append(key)
            uniqueBytes += UInt64(size)
        }
        requests.append(number)
        sizes.append(size)
        requestedBytes += UInt64(size)
    }
}
