import Synchronization

/// What the server does against peers that ask too much, each under a name that stays.
package enum Defence: Int, CaseIterable, Sendable {
    // Connections ended for what they sent.
    case resetFlood, provokedResets, refusedStreams, pingFlood, frameFlood
    case acknowledgementFlood, continuationFlood, credentialsFlood, protocolFault
    // Connections ended or held back for what they do not read.
    case outputFlood, readingPaused, writeTimeout
    // Connections and calls ended for what they do not send.
    case handshakeTimeout, settingsTimeout, headerTimeout, requestTimeout
    case keepaliveTimeout, idleTimeout, connectionAge
    // Calls refused for what they would make us hold.
    case headerList, messageLimit, uploadMemory, unreadAnswers, egressMemory
    case inflateFlood
    // Connections not let in.
    case connectionLimit, descriptorLimit

    package var name: StaticString {
        switch self {
        case .resetFlood: "reset_flood"
        case .provokedResets: "provoked_resets"
        case .refusedStreams: "refused_streams"
        case .pingFlood: "ping_flood"
        case .frameFlood: "frame_flood"
        case .acknowledgementFlood: "acknowledgement_flood"
        case .continuationFlood: "continuation_flood"
        case .credentialsFlood: "credentials_flood"
        case .protocolFault: "protocol_fault"
        case .outputFlood: "output_flood"
        case .readingPaused: "reading_paused"
        case .writeTimeout: "write_timeout"
        case .handshakeTimeout: "handshake_timeout"
        case .settingsTimeout: "settings_timeout"
        case .headerTimeout: "header_timeout"
        case .requestTimeout: "request_timeout"
        case .keepaliveTimeout: "keepalive_timeout"
        case .idleTimeout: "idle_timeout"
        case .connectionAge: "connection_age"
        case .headerList: "header_list"
        case .messageLimit: "message_limit"
        case .uploadMemory: "upload_memory"
        case .unreadAnswers: "unread_answers"
        case .egressMemory: "egress_memory"
        case .inflateFlood: "inflate_flood"
        case .connectionLimit: "connection_limit"
        case .descriptorLimit: "descriptor_limit"
        }
    }
}

/// How often each defence has acted since the start of the process.
///
/// One for all loops: it is touched when a defence acts, and at no other time.
package final class DefenceCounters: Sendable {
    private static let countMax = 32

    private let counts = InlineArray<32, Atomic<UInt64>> { _ in Atomic(0) }

    package init() {
        precondition(Defence.allCases.count <= Self.countMax, "every defence has a counter")
    }

    package func count(_ defence: Defence, _ times: UInt64 = 1) {
        counts[defence.rawValue].wrappingAdd(times, ordering: .relaxed)
    }

    package func value(_ defence: Defence) -> UInt64 {
        counts[defence.rawValue].load(ordering: .relaxed)
    }

    /// Every defence by name, those that never acted too.
    package var all: [(name: StaticString, count: UInt64)] {
        Defence.allCases.map { ($0.name, value($0)) }
    }
}
