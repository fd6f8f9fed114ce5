import LarderCache
import LarderGRPC

// What the services tell Prometheus: the cache, and what has come of calls.
extension Services {
    /// Writes all counters and gauges that the services have.
    package func writeMetrics(to text: inout MetricsText) {
        text.begin("larder_build_info", .gauge, "The version that runs.")
        text.sample(1, labels: [("version", serverVersion)])
        let statistics = cache.statistics()
        writeContents(statistics, to: &text)
        writeEvents(statistics, to: &text)
        writeHeld(to: &text)
        text.begin(
            "larder_call_failures_total", .counter, "Calls that ended with another code than OK.")
        for failure in failures.all {
            text.sample(failure.count, labels: [("code", failure.code.name)])
        }
        text.begin(
            "larder_defences_total", .counter, "How often each defence has acted against a client.")
        for defence in defences.all {
            text.sample(defence.count, labels: [("defence", "\(defence.name)")])
        }
    }

    private func writeContents(_ statistics: CacheStatistics, to text: inout MetricsText) {
        let arena = cache.arenaUsage
        text.add("larder_cache_entries", .gauge, "Items in the cache.", statistics.entries)
        if let entriesMax = statistics.entriesMax {
            text.add("larder_cache_entries_max", .gauge, "Most items it may hold.", entriesMax)
        }
        for (name, help, bytes) in [
            ("used", "What counts against the budget: keys, values, all.", statistics.usedBytes),
            ("budget", "How much may count.", statistics.budgetBytes),
            ("key", "Bytes of keys.", statistics.keyBytes),
            ("value", "Bytes of values.", statistics.valueBytes),
            ("segment", "Memory of the segments that entries lie in.", arena.residentBytes),
            ("hole", "What of it entries have left behind.", arena.holeBytes),
        ] {
            text.add("larder_cache_\(name)_bytes", .gauge, help, bytes)
        }
        text.begin("larder_cache_admission_mode", .gauge, "How items are weighed now.")
        let mode = cache.admissionMode
        for each in AdmissionMode.allCases {
            text.sample(each == mode ? 1 : 0, labels: [("mode", "\(each)")])
        }
    }

    private func writeEvents(_ statistics: CacheStatistics, to text: inout MetricsText) {
        for (name, help, count) in [
            ("hits", "Reads of an item that was there.", statistics.hits),
            ("misses", "Reads of an item that was not there.", statistics.misses),
            ("sets", "Writes that were stored.", statistics.sets),
            ("deletes", "Items that clients deleted.", statistics.deleted),
            ("evicted", "Items that went to make room.", statistics.evicted),
            ("evicted_bytes", "Bytes of items that went to make room.", statistics.evictedBytes),
            ("expired", "Items whose time was over.", statistics.expired),
            ("flushed", "Items removed by flushes.", statistics.flushed),
            ("not_admitted", "Writes turned away by the policy.", statistics.notAdmitted),
            (
                "not_admitted_bytes", "Bytes of writes turned away by the policy.",
                statistics.notAdmittedBytes
            ),
        ] {
            text.add("larder_cache_\(name)_total", .counter, help, count)
        }
    }

    /// What clients make the server hold.
    private func writeHeld(to text: inout MetricsText) {
        for (name, help, bytes) in [
            ("upload", "Requests that have come in part.", peerMemory.uploadBytes),
            (
                "unread", "Answers that wait to be read, but for large values, and open calls.",
                peerMemory.unreadBytes
            ),
            ("egress", "Large values that wait to be read.", peerMemory.pinned.bytes),
        ] {
            text.add("larder_\(name)_bytes", .gauge, help, UInt64(clamping: bytes))
        }
    }
}
