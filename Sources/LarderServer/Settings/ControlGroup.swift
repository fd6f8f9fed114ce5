/// The control groups of this process: the folders whose limits hold for it.
struct ControlGroup {
    // A folder's limit holds for all below it, so every folder up to the mount counts.  Inside a
    // container the path of /proc/self/cgroup may be the host's and not exist here: the folders
    // that do exist are read, the mount being the container's own group then.

    /// A bound for the nesting of groups; the kernel's own default is lower.
    static let depthMax = 64

    private static let mount = "/sys/fs/cgroup"

    /// Folders of the unified hierarchy (version 2), from the process's own to the mount.
    let unified: [String]
    /// The same of version 1's `memory` controller.
    let memory: [String]
    /// The same of version 1's `cpu` controller.
    let cpu: [String]

    init(_ files: SystemFiles) {
        var unified: [String] = []
        var memory: [String] = []
        var cpu: [String] = []
        for line in files.lines("/proc/self/cgroup") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            if fields[0] == "0" && controllers.isEmpty {
                unified = Self.folders(Self.mount, fields[2])
            }
            if controllers.contains("memory") {
                memory = Self.folders(Self.mount + "/memory", fields[2])
            }
            if controllers.contains("cpu") {
                cpu =
                    Self.folders("\(Self.mount)/\(fields[1])", fields[2])
                    + Self.folders(Self.mount + "/cpu", fields[2])
            }
        }
        self.unified = unified
        self.memory = memory
        self.cpu = cpu
    }

    private static func folders(_ mount: String, _ path: Substring) -> [String] {
        let names = path.split(separator: "/").prefix(depthMax)
        guard !names.contains("..") else { return [mount] }
        var folders = [mount]
        for name in names {
            folders.append("\(folders[folders.count - 1])/\(name)")
        }
        return folders.reversed()
    }
}
