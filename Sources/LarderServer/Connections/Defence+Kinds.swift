import LarderHTTP2
import LarderService

// What the rooms below call wrong, as the defence that acted.
extension Defence {
    init(_ overspending: Overspending) {
        switch overspending {
        case .resetsReceived: self = .resetFlood
        case .resetsSent: self = .provokedResets
        case .refusedStreams: self = .refusedStreams
        case .pings: self = .pingFlood
        case .idleFrames: self = .frameFlood
        }
    }

    init(_ error: HTTP2Error) {
        switch error {
        case .flooded: self = .acknowledgementFlood
        case .tooManyContinuations: self = .continuationFlood
        case .badPreface, .outOfMemory, .callbackFailed, .library: self = .protocolFault
        }
    }

    init(_ reason: ConnectionAging.Reason) {
        switch reason {
        case .idle: self = .idleTimeout
        case .age: self = .connectionAge
        }
    }
}
