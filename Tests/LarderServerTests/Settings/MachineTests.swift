import Foundation
import LarderServer
import Testing

@Suite struct MachineTests {
    /// A folder with the given files below it, removed afterwards.
    private func machine(_ files: [String: String]) throws -> Machine {
        let root = FileManager.default.temporaryDirectory
            .appendingPathComponent("larder-machine-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        for (path, text) in files {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return Machine(root: root.path)
    }

    private static let gibibyte: UInt64 = 1 << 30
    private static let meminfo = "MemTotal:        8388608 kB\nMemFree:          100 kB\n"

    @Test("without control groups the machine's memory counts")
    func machineOnly() throws {
        let machine = try machine(["proc/meminfo": Self.meminfo])
        #expect(machine.memory.totalBytes == 8 * Self.gibibyte)
        #expect(machine.memory.limitBytes == nil)
        #expect(machine.memory.usableBytes == 8 * Self.gibibyte)
        #expect(Settings(machine: machine).memoryBytes == 2 * Self.gibibyte)
    }

    @Test("of the unified hierarchy the least limit up to the mount holds")
    func unified() throws {
        let machine = try machine([
            "proc/meminfo": Self.meminfo,
            "proc/self/cgroup": "0::/system.slice/larder.service\n",
            "sys/fs/cgroup/system.slice/larder.service/memory.max": "max\n",
            "sys/fs/cgroup/system.slice/memory.max": "1073741824\n",
            "sys/fs/cgroup/memory.max": "2147483648\n",
        ])
        #expect(machine.memory.limitBytes == Self.gibibyte)
        #expect(Settings(machine: machine).memoryBytes == 819 << 20)
    }

    @Test("in a container whose own path is not there the mount's limit holds")
    func container() throws {
        let machine = try machine([
            "proc/meminfo": Self.meminfo,
            "proc/self/cgroup": "0::/kubepods/pod1/c2\n",
            "sys/fs/cgroup/memory.max": "536870912\n",
        ])
        #expect(machine.memory.limitBytes == 512 << 20)
    }

    @Test("version 1's memory controller is read, its 'no limit' is none")
    func versionOne() throws {
        var files = [
            "proc/meminfo": Self.meminfo,
            "proc/self/cgroup": "4:memory:/docker/a:b\n1:name=systemd:/\n0::/\n",
            "sys/fs/cgroup/memory/docker/a:b/memory.limit_in_bytes": "1073741824\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        ]
        #expect(try machine(files).memory.limitBytes == Self.gibibyte)
        files["sys/fs/cgroup/memory/docker/a:b/memory.limit_in_bytes"] = "9223372036854771712\n"
        #expect(try machine(files).memory.limitBytes == nil)
    }

    @Test("a limit of the machine's memory or more is no limit")
    func limitAboveTheMachine() throws {
        let machine = try machine([
            "proc/meminfo": Self.meminfo, "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "8589934592\n",
        ])
        #expect(machine.memory.limitBytes == nil)
    }

    @Test(
        "nonsense in the kernel's files is as good as nothing",
        arguments: ["", "x\n", "-1\n", "1 2\n", "99999999999999999999999\n", "\u{0}"])
    func nonsense(text: String) throws {
        let machine = try machine([
            "proc/meminfo": "MemTotal: many kB\nMemTotal:\n",
            "proc/self/cgroup": text + "::\n0::/../..\n",
            "proc/self/status": "Cpus_allowed_list:\t\(text)", "sys/fs/cgroup/memory.max": text,
            "sys/fs/cgroup/cpu.max": text,
        ])
        #expect(machine.memory.usableBytes == nil)
        #expect(machine.cores == 1 || text == "1 2\n")
        #expect(Settings(machine: machine).memoryBytes == 256 << 20)
    }

    @Test("cores are those of the affinity, or fewer where a quota grants less")
    func cores() throws {
        var files = ["proc/self/status": "Name:\tlarder\nCpus_allowed_list:\t0-3,8,10-11\n"]
        #expect(try machine(files).cores == 7)
        files["proc/self/cgroup"] = "3:cpuset:/\n2:cpu,cpuacct:/a\n0::/x/y\n"
        files["sys/fs/cgroup/x/cpu.max"] = "250000 100000\n"
        #expect(try machine(files).cores == 3)
        files["sys/fs/cgroup/x/y/cpu.max"] = "max 100000\n"
        #expect(try machine(files).cores == 3)
        files["sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us"] = "-1\n"
        files["sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us"] = "100000\n"
        #expect(try machine(files).cores == 3)
        files["sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us"] = "50000\n"
        #expect(try machine(files).cores == 1)
    }

    @Test("a small machine still gets the least budget")
    func smallMachine() throws {
        let machine = try machine(["proc/meminfo": "MemTotal: 8192 kB\n"])
        let settings = Settings(machine: machine)
        #expect(settings.memoryBytes == Settings.memoryBytesMin)
        #expect(settings.valueBytesMax == 1 << 20)
    }

    @Test("on a machine larger than a cache can address the budget ends where the cache does")
    func largeMachine() throws {
        let machine = try machine(["proc/meminfo": "MemTotal: 1073741824 kB\n"])
        let settings = Settings(machine: machine)
        #expect(settings.memoryBytes == Settings.memoryBytesCeiling)
        #expect(Settings.memoryBytesAllowed(machine).upperBound == Settings.memoryBytesCeiling)
    }
}
