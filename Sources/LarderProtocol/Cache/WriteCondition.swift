/// Store only if ...
///
/// A condition that is named and `false` is no condition, but it was named last and so has undone
/// any other.
package enum WriteCondition: Equatable, Sendable {
    case none
    /// ... there is no item.
    case ifAbsent(Bool)
    /// ... there is one.
    case ifPresent(Bool)
    /// ... it has this version.
    case ifVersion(UInt64)
    /// ... there is none, or one with a smaller version than the new one.
    case ifNewer(Bool)

    func encode(into writer: inout WireWriter) {
        switch self {
        case .none: break
        case .ifAbsent(let wanted): writer.uint(11, always: wanted ? 1 : 0)
        case .ifPresent(let wanted): writer.uint(12, always: wanted ? 1 : 0)
        case .ifVersion(let version): writer.uint(13, always: version)
        case .ifNewer(let wanted): writer.uint(14, always: wanted ? 1 : 0)
        }
    }
}

/// What a Set does to a value that is there.
package struct WriteMode: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let replace = WriteMode(rawValue: 0)
    package static let append = WriteMode(rawValue: 1)
    package static let prepend = WriteMode(rawValue: 2)
}

/// How long an item is spared when room is needed.
package struct Priority: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unspecified = Priority(rawValue: 0)
    /// First to go.
    package static let low = Priority(rawValue: 1)
    package static let normal = Priority(rawValue: 2)
    /// Goes only when nothing else can.
    package static let high = Priority(rawValue: 3)
}
