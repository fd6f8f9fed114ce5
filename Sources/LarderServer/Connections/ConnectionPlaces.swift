import Synchronization

/// How many connections the process may have, and has.
package final class ConnectionPlaces: Sendable {
    private let most: Atomic<Int>
    private let taken = Atomic<Int>(0)

    package init(countMax: Int) { most = Atomic(countMax) }

    /// Fewer than there are end nobody's connection.
    package var countMax: Int {
        get { most.load(ordering: .relaxed) }
        set { most.store(newValue, ordering: .relaxed) }
    }

    package var count: Int { taken.load(ordering: .relaxed) }

    /// Nil: there are as many as there may be.
    package func take() -> ConnectionPlace? {
        guard taken.wrappingAdd(1, ordering: .relaxed).newValue <= countMax else {
            giveBack()
            return nil
        }
        return ConnectionPlace(self)
    }

    fileprivate func giveBack() { taken.wrappingSubtract(1, ordering: .relaxed) }
}

/// One connection's place; it is free again when this is gone.
package final class ConnectionPlace: Sendable {
    private let places: ConnectionPlaces

    fileprivate init(_ places: ConnectionPlaces) { self.places = places }

    deinit { places.giveBack() }
}
