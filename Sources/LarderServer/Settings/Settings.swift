package import LarderService
package import Logging

/// Everything that an operator can choose, as plain values that fit together.
///
/// `SettingsResolution` makes them from flags, variables and a file; `init(machine:)` gives what
/// holds when nothing is chosen.  Sizes are in bytes.
package struct Settings: Sendable, Equatable {
    /// Where the server listens: each an address that `SocketAddress` reads.
    package var listen: [String]
    /// Where operators are served, and AdminService.
    package var adminListen: [String] = []
    /// Where metrics and health are told, in HTTP/1.1.
    package var opsListen: [String] = []
    /// Other machines may come in without TLS or without credentials.
    package var insecurePublic = false
    /// PEM files. With a certificate TCP listeners speak TLS, with an authority for clients these
    /// need certificates.
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var tlsClientCA: String?
    package var tlsClientRole = ClientRoleChoice.write
    package var tlsMinVersion = TLSVersionChoice.tls13
    /// The tokens that clients need.
    package var tokensFile: String?
    /// Event loops, one thread each.
    package var threads: Int
    /// The budget of the cache.
    package var memoryBytes: UInt64
    /// Entries in the cache; nil sets no limit besides memory.
    package var entriesMax: UInt64?
    /// What a miss costs: decides what the cache keeps.
    package var missCost: MissCostChoice
    /// Of a key.
    package var keyBytesMax: Int
    /// Of a value, however it is written; never over an eighth of the budget.
    package var valueBytesMax: UInt64
    /// Of a value inside a unary answer.
    package var inlineBytesMax: UInt32
    /// Of one request message.
    package var messageBytesMax: UInt32
    /// Calls that one connection may have open.
    package var streamsMax: Int
    /// What holds against peers that ask too much.
    package var peers: PeerSettings
    /// How long running calls may take to end after the signal to stop.
    package var drainTimeoutMillis: UInt64
    /// Whether gRPC reflection answers.
    package var reflection: Bool
    /// Whether answers are compressed for those who accept it.
    package var compression: Bool
    /// The least severe messages that are logged.
    package var logLevel: Logger.Level
    /// How log lines look.
    package var logFormat: LogFormat

    /// The defaults on a machine.
    package init(machine: Machine) {
        let memoryBytes = Self.memoryBytesDefault(machine)
        let valueBytesMax = Self.valueBytesMaxDefault(memoryBytes: memoryBytes)
        listen = ["127.0.0.1:7070"]
        threads = Self.threadsDefault(machine)
        self.memoryBytes = memoryBytes
        entriesMax = nil
        missCost = .balanced
        keyBytesMax = 1_024
        self.valueBytesMax = valueBytesMax
        inlineBytesMax = Self.inlineBytesMaxDefault(valueBytesMax: valueBytesMax)
        messageBytesMax = (4 << 20) + (64 << 10)
        streamsMax = 1_024
        peers = PeerSettings(memoryBytes: memoryBytes)
        drainTimeoutMillis = 10_000
        reflection = true
        compression = false
        logLevel = .info
        logFormat = .text
    }
}

// What is allowed.
extension Settings {
    package static let listenCountMax = 16
    package static let threadsAllowed: ClosedRange<UInt64> = 1...256
    package static let memoryBytesMin: UInt64 = 8 << 20
    /// What one cache can address, however large the machine is.
    package static let memoryBytesCeiling = ServicesConfiguration.budgetBytesMax
    package static let entriesMaxAllowed: ClosedRange<UInt64> = 0...(1 << 40)
    package static let missCostBytesAllowed: ClosedRange<UInt64> = 1...(1 << 40)
    package static let keyBytesMaxAllowed: ClosedRange<UInt64> = 1...65_535
    package static let messageBytesMaxAllowed: ClosedRange<UInt64> = (1 << 10)...(256 << 20)
    package static let streamsMaxAllowed: ClosedRange<UInt64> = 1...65_536
    package static let drainTimeoutMillisAllowed: ClosedRange<UInt64> = 0...3_600_000

    /// A budget that the machine can hold; more would be swapped out or killed.
    package static func memoryBytesAllowed(_ machine: Machine) -> ClosedRange<UInt64> {
        let most = min(machine.memory.usableBytes ?? memoryBytesCeiling, memoryBytesCeiling)
        return memoryBytesMin...max(memoryBytesMin, wholeMebibytes(most))
    }

    /// `bytes` rounded down to whole mebibytes, which read well.
    package static func wholeMebibytes(_ bytes: UInt64) -> UInt64 {
        (bytes >> 20) << 20
    }

    /// A value may take an eighth of the budget, so that one can't empty the cache.
    package static func valueBytesMaxAllowed(memoryBytes: UInt64) -> ClosedRange<UInt64> {
        1...max(1, memoryBytes / 8)
    }

    /// An inline value is a value, and part of one message.
    package static func inlineBytesMaxAllowed(valueBytesMax: UInt64) -> ClosedRange<UInt64> {
        1...max(1, min(valueBytesMax, messageBytesMaxAllowed.upperBound))
    }
}

// Defaults that depend on the machine or on other settings.
extension Settings {
    package static func threadsDefault(_ machine: Machine) -> Int {
        Int(
            min(
                max(UInt64(clamping: machine.cores), threadsAllowed.lowerBound),
                threadsAllowed.upperBound))
    }

    /// 80 % of the control group's limit, else 25 % of the machine, in whole mebibytes.
    package static func memoryBytesDefault(_ machine: Machine) -> UInt64 {
        let bytes =
            if let limit = machine.memory.limitBytes {
                MemoryAmount.percent(80).bytes(of: limit)
            } else if let total = machine.memory.totalBytes {
                MemoryAmount.percent(25).bytes(of: total)
            } else {
                UInt64(256 << 20)
            }
        return min(max(memoryBytesMin, wholeMebibytes(bytes)), memoryBytesCeiling)
    }

    package static func valueBytesMaxDefault(memoryBytes: UInt64) -> UInt64 {
        min(512 << 20, valueBytesMaxAllowed(memoryBytes: memoryBytes).upperBound)
    }

    package static func inlineBytesMaxDefault(valueBytesMax: UInt64) -> UInt32 {
        UInt32(clamping: min(1 << 20, valueBytesMax))
    }
}
