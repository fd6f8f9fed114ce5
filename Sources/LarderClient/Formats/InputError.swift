/// What is wrong with a piece of input, and where.
package struct InputError: Error, Equatable, Sendable {
    package enum Place: Equatable, Sendable {
        /// The number of a line, from 1.
        case line(UInt64)
        /// A byte offset in the file, from 0.
        case offset(UInt64)
    }

    package let place: Place
    package let reason: String
    /// The reader stands behind the bad record, so that reading can go on with the next one.
    package let canGoOn: Bool

    package init(line: UInt64, _ reason: String, canGoOn: Bool = true) {
        self.place = .line(line)
        self.reason = reason
        self.canGoOn = canGoOn
    }

    package init(offset: UInt64, _ reason: String) {
        self.place = .offset(offset)
        self.reason = reason
        self.canGoOn = false
    }
}

extension InputError: CustomStringConvertible {
    package var description: String {
        switch place {
        case .line(let number): "line \(number): \(reason)"
        case .offset(let offset): "byte \(offset): \(reason)"
        }
    }
}

/// What one step of a reader came to.
package enum ReadStep: Equatable, Sendable {
    /// An entry was read.
    case entry
    /// What is there ends inside a record: append more, or finish.
    case needsInput
    /// The input ended where it may end.
    case end
}
