import LarderService
import Logging

// The table. A setting comes after those that its bounds and its default depend on.
extension Setting {
    package static let all: [Setting] =
        [
            listen, adminListen, opsListen, insecurePublic, tlsCertificate, tlsKey, tlsClientCA,
            tlsClientRole, tlsMinVersion, tokensFile, threads, memory, entriesMax, missCost,
            keyBytesMax, valueBytesMax, inlineBytesMax, messageBytesMax, streamsMax, drainTimeout,
            reflection, compression, logLevel, logFormat,
        ] + ofPeers

    package static let threads = number(
        "threads", flag: "threads", "Threads that serve, each with its own event loop.",
        unit: .count, defaultWords: "the cores that may be used",
        allowed: { _, _ in Settings.threadsAllowed },
        load: { UInt64($0.threads) },
        store: { $0.threads = Int(clamping: $1) })

    package static let memory = number(
        "cache.memory", flag: "memory",
        "Memory for entries: a size, or a share of what the control group or the machine has.",
        unit: .memory, defaultWords: "80% of the control group's limit, else 25% of the machine",
        allowed: { _, machine in Settings.memoryBytesAllowed(machine) },
        load: { $0.memoryBytes },
        store: { $0.memoryBytes = $1 })

    package static let entriesMax = number(
        "cache.max-entries", flag: "max-entries", "Most entries in the cache; 0 sets no limit.",
        unit: .count,
        allowed: { _, _ in Settings.entriesMaxAllowed },
        load: { $0.entriesMax ?? 0 },
        store: { $0.entriesMax = $1 == 0 ? nil : $1 })

    package static let missCost = Setting(
        key: "cache.miss-cost", flag: "miss-cost", shape: .numberOrText, valueName: "cost",
        summary: "What a miss costs: \(missCostForms).", allowed: { _, _ in missCostForms },
        defaultWords: nil,
        adopt: { given, settings, _ in
            let text = given.last ?? ""
            switch text {
            case "object": settings.missCost = .object
            case "balanced": settings.missCost = .balanced
            case "bytes": settings.missCost = .bytes
            default:
                guard let size = ByteSize(parsing: text) else {
                    return .refused(text, "is neither a word for a cost nor a size")
                }
                guard Settings.missCostBytesAllowed.contains(size.bytes) else {
                    return .refused(text, "is out of range")
                }
                settings.missCost = .kappa(bytes: size.bytes)
            }
            return .adopted
        },
        follow: { _ in },
        shown: { settings in
            switch settings.missCost {
            case .object: "object"
            case .balanced: "balanced"
            case .bytes: "bytes"
            case .kappa(let bytes): ByteSize(bytes).description
            }
        })

    private static let missCostForms =
        "object, balanced, bytes, or the size (1B to 1TiB) that costs as much as a request"

    package static let keyBytesMax = number(
        "cache.max-key-bytes", flag: "max-key-bytes", "Longest key.", unit: .bytes,
        allowed: { _, _ in Settings.keyBytesMaxAllowed },
        load: { UInt64(clamping: $0.keyBytesMax) },
        store: { $0.keyBytesMax = Int(clamping: $1) })

    package static let valueBytesMax = number(
        "cache.max-value-bytes", flag: "max-value-bytes",
        "Longest value; at most an eighth of the memory.",
        unit: .bytes, defaultWords: "an eighth of the memory, at most 512MiB",
        allowed: { settings, _ in
            Settings.valueBytesMaxAllowed(memoryBytes: settings.memoryBytes)
        },
        following: { settings in
            Settings.valueBytesMaxDefault(memoryBytes: settings.memoryBytes)
        },
        load: { $0.valueBytesMax },
        store: { $0.valueBytesMax = $1 })

    package static let inlineBytesMax = number(
        "server.max-inline-bytes", flag: "max-inline-bytes",
        "Longest value inside a unary answer; at most the longest value.",
        unit: .bytes, defaultWords: "the longest value, at most 1MiB",
        allowed: { settings, _ in
            Settings.inlineBytesMaxAllowed(valueBytesMax: settings.valueBytesMax)
        },
        following: { settings in
            UInt64(Settings.inlineBytesMaxDefault(valueBytesMax: settings.valueBytesMax))
        },
        load: { UInt64($0.inlineBytesMax) },
        store: { $0.inlineBytesMax = UInt32(clamping: $1) })

    package static let messageBytesMax = number(
        Limits.messageBytesMaxSetting, flag: "max-message-bytes", "Longest request message.",
        unit: .bytes,
        allowed: { _, _ in Settings.messageBytesMaxAllowed },
        load: { UInt64($0.messageBytesMax) },
        store: { $0.messageBytesMax = UInt32(clamping: $1) })

    package static let streamsMax = number(
        "server.max-streams", flag: "max-streams", "Most calls open at once on one connection.",
        unit: .count,
        allowed: { _, _ in Settings.streamsMaxAllowed },
        load: { UInt64(clamping: $0.streamsMax) },
        store: { $0.streamsMax = Int(clamping: $1) })

    package static let drainTimeout = number(
        "server.drain-timeout", flag: "drain-timeout",
        "How long running calls may take to end after SIGTERM or SIGINT.",
        unit: .time,
        allowed: { _, _ in Settings.drainTimeoutMillisAllowed },
        load: { $0.drainTimeoutMillis },
        store: { $0.drainTimeoutMillis = $1 })

    package static let compression = truth(
        "server.compression", flag: "compression",
        "Compress answers that shrink, for clients that accept gzip or deflate.",
        \Settings.compression)

    package static let logLevel = choice(
        "log.level", flag: "log-level", "Log this level and the more severe", valueName: "level",
        \Settings.logLevel)

    package static let logFormat = choice(
        "log.format", flag: "log-format", "How log lines are written",
        valueName: "format", \Settings.logFormat)
}
