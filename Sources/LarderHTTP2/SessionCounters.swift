/// What a session has seen and done, frame by frame: the figures that budgets are built on.
package struct SessionCounters: Sendable, Equatable {
    // Frame headers received, by type; every one counts, also those that turn out to be invalid.
    package var dataReceived: UInt64 = 0
    /// DATA frames without payload that do not end their stream either.
    package var emptyDataReceived: UInt64 = 0
    package var headersReceived: UInt64 = 0
    package var prioritiesReceived: UInt64 = 0
    package var resetsReceived: UInt64 = 0
    package var settingsReceived: UInt64 = 0
    package var pingsReceived: UInt64 = 0
    /// Of `pingsReceived`: answers to ours, or pretending to be.
    package var pingAcknowledgementsReceived: UInt64 = 0
    package var goAwaysReceived: UInt64 = 0
    package var windowUpdatesReceived: UInt64 = 0
    package var unknownReceived: UInt64 = 0
    /// Frames that carry nothing forward: all but header lists, resets, and DATA that has a payload
    /// or ends its stream. DATA that may be nothing but padding is one of them.
    package var idleFramesReceived: UInt64 = 0

    /// Frames that the library refused as malformed, out of order or over a limit.
    package var invalidReceived: UInt64 = 0
    /// Streams refused because the peer had too many open.
    package var streamsRefused: UInt64 = 0
    /// Header lists over `maxHeaderFields` or `maxHeaderListBytes`.
    package var headerListsRefused: UInt64 = 0
    package var streamsOpened: UInt64 = 0
    package var streamsClosed: UInt64 = 0

    package var dataSent: UInt64 = 0
    package var bodyBytesSent: UInt64 = 0
    package var headersSent: UInt64 = 0
    package var resetsSent: UInt64 = 0
    /// Of `resetsSent`: those with NO_ERROR, which follow an answer given before the request ended.
    package var earlyAnswerResetsSent: UInt64 = 0
    package var settingsSent: UInt64 = 0
    package var pingsSent: UInt64 = 0
    package var goAwaysSent: UInt64 = 0
    package var windowUpdatesSent: UInt64 = 0

    package init() {}

    /// Frames received of every type.
    package var framesReceived: UInt64 {
        dataReceived &+ headersReceived &+ prioritiesReceived &+ resetsReceived &+ settingsReceived
            &+ pingsReceived &+ goAwaysReceived &+ windowUpdatesReceived &+ unknownReceived
    }

    /// What the budget of frames looks at; unchanged: there is nothing to look at.
    var budgetedCount: UInt64 {
        idleFramesReceived &+ resetsReceived &+ resetsSent &+ streamsRefused
    }

    @inline(__always)
    mutating func received(_ kind: FrameKind, payloadBytes: Int, flags: UInt8) {
        switch kind {
        case .data:
            dataReceived &+= 1
            guard flags & FrameFlag.endOfStream == 0, payloadBytes <= FrameFlag.paddingBytesMax
            else { return }
            if payloadBytes == 0 { emptyDataReceived &+= 1 }
            if payloadBytes > 0, flags & FrameFlag.padded == 0 { return }
        case .headers:
            headersReceived &+= 1
            return
        case .reset:
            resetsReceived &+= 1
            return
        case .priority: prioritiesReceived &+= 1
        case .settings: settingsReceived &+= 1
        case .ping:
            pingsReceived &+= 1
            if flags & FrameFlag.acknowledgement != 0 { pingAcknowledgementsReceived &+= 1 }
        case .goAway: goAwaysReceived &+= 1
        case .windowUpdate: windowUpdatesReceived &+= 1
        case .other: unknownReceived &+= 1
        }
        idleFramesReceived &+= 1
    }

    mutating func sent(_ kind: FrameKind, code: UInt32) {
        switch kind {
        case .data: dataSent &+= 1
        case .headers: headersSent &+= 1
        case .reset:
            resetsSent &+= 1
            if code == 0 { earlyAnswerResetsSent &+= 1 }
        case .settings: settingsSent &+= 1
        case .ping: pingsSent &+= 1
        case .goAway: goAwaysSent &+= 1
        case .windowUpdate: windowUpdatesSent &+= 1
        case .priority, .other: break
        }
    }
}

enum FrameFlag {
    static let endOfStream: UInt8 = 1
    static let acknowledgement: UInt8 = 1
    static let endOfHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    /// The length of padding and as much of it as one byte can say.
    static let paddingBytesMax = 256
}

/// The frame types that a session tells apart.
enum FrameKind {
    case data, headers, priority, reset, settings, ping, goAway, windowUpdate, other

    init(type: UInt8) {
        switch type {
        case 0: self = .data
        case 1: self = .headers
        case 2: self = .priority
        case 3: self = .reset
        case 4: self = .settings
        case 6: self = .ping
        case 7: self = .goAway
        case 8: self = .windowUpdate
        default: self = .other
        }
    }
}
