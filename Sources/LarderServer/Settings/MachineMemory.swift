/// The memory that the process may use, as the kernel tells it.
package struct MachineMemory: Sendable, Equatable {
    /// The memory of the machine; nil where it can't be found out.
    package var totalBytes: UInt64?
    /// The least limit of the control groups that the process is in; nil if there is none below
    /// the machine's memory.
    package var limitBytes: UInt64?

    /// What a share like `80%` is a share of.
    package var usableBytes: UInt64? { limitBytes ?? totalBytes }

    package init(totalBytes: UInt64?, limitBytes: UInt64?) {
        self.totalBytes = totalBytes
        self.limitBytes = limitBytes
    }

    init(_ files: SystemFiles) {
        let totalBytes = Self.totalBytes(files)
        let groups = ControlGroup(files)
        let limits =
            groups.unified.compactMap { files.number($0 + "/memory.max") }
            + groups.memory.compactMap { files.number($0 + "/memory.limit_in_bytes") }
        // Version 1 says "no limit" with a number near 2^63.
        let limitBytes = limits.min().flatMap { limit in
            limit < totalBytes ?? (1 << 62) ? limit : nil
        }
        self.init(totalBytes: totalBytes, limitBytes: limitBytes)
    }

    private static func totalBytes(_ files: SystemFiles) -> UInt64? {
        for line in files.lines("/proc/meminfo") {
            let fields = line.split(separator: " ")
            guard fields.count >= 2, fields[0] == "MemTotal:" else { continue }
            return UInt64(fields[1]).map { NumberAndUnit.saturatingProduct($0, 1_024) }
        }
        return nil
    }
}
