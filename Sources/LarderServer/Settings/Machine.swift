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
