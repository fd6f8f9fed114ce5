/// The cores that the process may keep busy.
enum MachineCores {
    /// Cores of the affinity mask, or fewer where a control group grants less time than that; at
    /// least one.
    static func count(_ files: SystemFiles) -> Int {
        let allowed = affinityCount(files) ?? 1
        let groups = ControlGroup(files)
        let quotas =
            groups.unified.compactMap { unifiedQuota(files, $0) }
            + groups.cpu.compactMap { quota(files, $0) }
        return max(1, min(allowed, quotas.min() ?? allowed))
    }

    /// The cores in a list such as `0-3,8`.
    private static func affinityCount(_ files: SystemFiles) -> Int? {
        let label = "Cpus_allowed_list:"
        guard let line = files.lines("/proc/self/status").first(where: { $0.hasPrefix(label) })
        else { return nil }
        var count = 0
        for range in line.dropFirst(label.count).split(separator: ",") {
            let ends = range.split(separator: "-").compactMap { end in
                UInt16(end.filter { $0 != "\t" && $0 != " " })
            }
            guard let first = ends.first, let last = ends.last, first <= last else { return nil }
            count += Int(last - first) + 1
        }
        return count
    }

    private static func unifiedQuota(_ files: SystemFiles, _ folder: String) -> Int? {
        guard let fields = files.lines(folder + "/cpu.max").first?.split(separator: " ") else {
            return nil
        }
        guard fields.count == 2 else { return nil }
        return wholeCores(quota: UInt64(fields[0]), period: UInt64(fields[1]))
    }

    private static func quota(_ files: SystemFiles, _ folder: String) -> Int? {
        wholeCores(
            quota: files.number(folder + "/cpu.cfs_quota_us"),
            period: files.number(folder + "/cpu.cfs_period_us"))
    }

    /// Rounded up, so that a share of a core counts as one.
    private static func wholeCores(quota: UInt64?, period: UInt64?) -> Int? {
        guard let quota, let period, period > 0 else { return nil }
        return Int(clamping: quota / period + (quota % period == 0 ? 0 : 1))
    }
}
