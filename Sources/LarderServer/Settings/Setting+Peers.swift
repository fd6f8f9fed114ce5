// The part of the table that is about what peers may do.
extension Setting {
    static let ofPeers: [Setting] = [
        connectionsMax, uploadMemory, egressMemory, handshakeTimeout, requestTimeout, writeTimeout,
        idleTimeout, connectionAgeMax, connectionAgeGrace, keepaliveTime, keepaliveTimeout,
        pingIntervalMin,
    ]

    package static let connectionsMax = number(
        "server.max-connections", flag: "max-connections",
        "Most connections at once; more are closed. 0: what descriptors allow.", unit: .count,
        allowed: { _, _ in PeerSettings.connectionsMaxAllowed },
        load: { UInt64(clamping: $0.peers.connectionsMax ?? 0) },
        store: { $0.peers.connectionsMax = $1 == 0 ? nil : Int(clamping: $1) })

    package static let uploadMemory = bytes(
        "server.upload-memory", flag: "upload-memory",
        "Memory for requests that have come in part, all connections together.",
        \.uploadBytesMax)

    package static let egressMemory = bytes(
        "server.egress-memory", flag: "egress-memory",
        "Memory for values that slow readers keep from going, all connections together.",
        defaultWords: "an eighth of the memory, at least 64MiB",
        following: { PeerSettings.egressBytesMaxDefault(memoryBytes: $0.memoryBytes) },
        \.egressBytesMax)

    package static let handshakeTimeout = time(
        "server.handshake-timeout", flag: "handshake-timeout",
        "How long a client may take to begin to speak HTTP/2.", \.handshakeMillis)

    package static let requestTimeout = time(
        "server.request-timeout", flag: "request-timeout",
        "How long a request message may take, unless 1 KiB of it comes each second.",
        \.requestMillis)

    package static let writeTimeout = time(
        "server.write-timeout", flag: "write-timeout",
        "How long a client may take nothing of an answer.", \.writeMillis)

    package static let idleTimeout = longTime(
        "server.idle-timeout", flag: "idle-timeout",
        "How long a connection may be without a call; 0: for ever.", \.idleMillis)

    package static let connectionAgeMax = longTime(
        "server.max-connection-age", flag: "max-connection-age",
        "When a client is asked to connect anew, give or take a tenth; 0: never.", \.ageMillis)

    package static let connectionAgeGrace = time(
        "server.max-connection-age-grace", flag: "max-connection-age-grace",
        "How long calls may go on after a client was asked to go.", \.ageGraceMillis)

    package static let keepaliveTime = longTime(
        "server.keepalive-time", flag: "keepalive-time",
        "How long a client with open calls may be silent before it is pinged; 0: for ever.",
        \.keepaliveMillis)

    package static let keepaliveTimeout = time(
        "server.keepalive-timeout", flag: "keepalive-timeout",
        "How long it may take to answer that.", \.keepaliveTimeoutMillis)

    package static let pingIntervalMin = longTime(
        "server.min-ping-interval", flag: "min-ping-interval",
        "How often a client may ping that was sent nothing; 0: as it likes.", \.pingIntervalMillis)

    private typealias Path = WritableKeyPath<PeerSettings, UInt64> & Sendable

    private static func bytes(
        _ key: String, flag: String, _ summary: String, defaultWords: String? = nil,
        following: (@Sendable (Settings) -> UInt64)? = nil, _ path: any Path
    ) -> Setting {
        number(
            key, flag: flag, summary, unit: .bytes, defaultWords: defaultWords,
            allowed: { _, _ in PeerSettings.bytesAllowed }, following: following,
            load: { $0.peers[keyPath: path] }, store: { $0.peers[keyPath: path] = $1 })
    }

    private static func time(
        _ key: String, flag: String, _ summary: String, _ path: any Path
    ) -> Setting {
        number(
            key, flag: flag, summary, unit: .time, allowed: { _, _ in PeerSettings.millisAllowed },
            load: { $0.peers[keyPath: path] }, store: { $0.peers[keyPath: path] = $1 })
    }

    private static func longTime(
        _ key: String, flag: String, _ summary: String, _ path: any Path
    ) -> Setting {
        number(
            key, flag: flag, summary, unit: .time,
            allowed: { _, _ in PeerSettings.longMillisAllowed },
            load: { $0.peers[keyPath: path] }, store: { $0.peers[keyPath: path] = $1 })
    }
}
