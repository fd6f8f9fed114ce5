/// What the settings know of swift-log: its levels. The targets log nothing.
public struct Logger {
    public enum Level: String, CaseIterable, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }
}
