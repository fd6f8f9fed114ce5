import LarderIO
import LarderService
import Synchronization

/// The tokens that are valid now; they may be exchanged while the server runs. Any thread may use
/// it.
package final class CredentialStore: Sendable {
    private let file: Mutex<TokenFile>
    private let changes = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)

    package init(_ file: TokenFile) {
        self.file = Mutex(file)
    }

    /// Changes with every exchange: what was looked up before is worth nothing after it.
    package var generation: UInt64 { changes.load(ordering: .acquiring) }

    /// Calls that brought no valid credentials, since the start.
    package var failureCount: UInt64 { failures.load(ordering: .relaxed) }

    package func replace(_ newer: TokenFile) {
        file.withLock { $0 = newer }
        changes.add(1, ordering: .acquiringAndReleasing)
    }

    func countFailure() { failures.add(1, ordering: .relaxed) }

    /// What the bearer of a token may do, nil if it is not known. Takes as long wherever the token
    /// stands.
    func principal(of digest: SecretDigest) -> Principal? {
        file.withLock { file in
            var found: Principal?
            for entry in file.entries where entry.digest.matches(digest) { found = entry.principal }
            return found
        }
    }
}
