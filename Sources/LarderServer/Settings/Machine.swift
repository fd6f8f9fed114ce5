/// What this process may use of the machine it runs on.
package struct Machine: Sendable, Equatable {
    package var memory: MachineMemory
    /// Cores that the process may keep busy, at least one.
    package var cores: Int

    package init(memory: MachineMemory, cores: Int) {
        self.memory = memory
        self.cores = cores
    }

    /// Reads `/proc` and `/sys/fs/cgroup` below `root`.
    package init(root: String = "") {
        let files = SystemFiles(root: root)
        memory = MachineMemory(files)
        cores = MachineCores.count(files)
    }
}

/// The kernel's small text files, below a root that tests may choose.
struct SystemFiles {
    /// More than any of the files read has.
    static let fileBytesMax = 256 << 10

    let root: String

    /// The text of a file, nil if it can't be read.
    func text(_ path: String) -> String? {
        guard let bytes = try? FileContents.read(root + path, bytesMax: Self.fileBytesMax) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The lines of a file, none if it can't be read.
    func lines(_ path: String) -> [Substring] {
        text(path)?.split(separator: "\n") ?? []
    }

    /// A file that holds one number, as control groups' do; nil for `max` and anything else.
    func number(_ path: String) -> UInt64? {
        lines(path).first.flatMap { UInt64($0) }
    }
}
