/// What the cache said to a read. A number that is not named here counts as a miss.
package struct GetOutcome: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unspecified = GetOutcome(rawValue: 0)
    package static let hit = GetOutcome(rawValue: 1)
    package static let miss = GetOutcome(rawValue: 2)
    package static let notModified = GetOutcome(rawValue: 3)
    package static let leaseGranted = GetOutcome(rawValue: 4)
    package static let leaseHeld = GetOutcome(rawValue: 5)
    package static let tooLarge = GetOutcome(rawValue: 6)
    package static let omitted = GetOutcome(rawValue: 7)
}
