import LarderService

/// What the process and its connections tell Prometheus.
struct ServerMetrics {
    var connectionCount = 0
    var connectionsMax: Int?
    var callCount = 0
    /// Calls and other requests that have begun.
    var callsBegunCount: UInt64 = 0
    var startedAtUnixMillis: UInt64 = 0
    var processorMillis: UInt64 = 0
    var residentBytes: UInt64 = 0

    func write(to text: inout MetricsText) {
        text.add(
            "larder_connections", .gauge, "Clients that are connected.", UInt64(connectionCount))
        if let connectionsMax {
            text.add(
                "larder_connections_max", .gauge, "Most clients that are let in.",
                UInt64(connectionsMax))
        }
        text.add(
            "larder_calls_in_flight", .gauge, "Calls that are open, as of the last second.",
            UInt64(callCount))
        text.add(
            "larder_calls_total", .counter,
            "Calls and other requests begun, as of the last second.",
            callsBegunCount)
        // Names that Prometheus' own client libraries have for every process.
        text.begin("process_start_time_seconds", .gauge, "Start of the server since 1970.")
        text.sample(millis: startedAtUnixMillis)
        text.begin("process_cpu_seconds_total", .counter, "Processor time, user's and system's.")
        text.sample(millis: processorMillis)
        text.add(
            "process_resident_memory_bytes", .gauge, "What the system says the process takes.",
            residentBytes)
    }
}
