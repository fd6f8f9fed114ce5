import LarderGRPC
import LarderHTTP2
import LarderIO
package import LarderService

/// What one connection's calls may do: decided at their headers, before a body is taken.
package final class CallGate {
    /// Calls without valid credentials in a row; with more the connection is ended.
    package static let failuresMax = 32
    /// A longer token is none of ours.
    package static let headerBytesMax = 512

    private static let name = Array("authorization".utf8)
    private static let scheme = Array("bearer ".utf8)

    private let store: CredentialStore?
    /// What a call without a token may do; nil: nothing.
    package var principal: Principal?
    private var failuresInARow = 0
    // The header that was valid last: most clients send the same one with every call.
    private var knownHeader: [UInt8] = []
    private var knownPrincipal: Principal?
    private var knownGeneration: UInt64 = 0

    package init(_ store: CredentialStore?, principal: Principal?) {
        self.store = store
        self.principal = principal
    }

    /// The peer tries tokens, or does not understand that it needs one.
    package var isOverrun: Bool { failuresInARow > Self.failuresMax }

    /// Why the call ends here; nil when it may go on. A method that is not known asks for no less
    /// than one that is.
    func refusal(of method: Method?, _ fields: borrowing HeaderFields) -> Status? {
        if let method, method.access == .open { return nil }
        switch caller(fields) {
        case .success(let caller):
            failuresInARow = 0
            return method.flatMap { caller.refusal(of: $0) }
        case .failure(let refusal):
            failuresInARow += 1
            store?.countFailure()
            return refusal.status
        }
    }

    private func caller(_ fields: borrowing HeaderFields) -> Result<Principal, Refusal> {
        if let store {
            for index in 0..<fields.count where Self.isAuthorization(fields.name(index)) {
                guard let bearer = bearer(fields.value(index), store) else {
                    return .failure(.credentialsUnknown)
                }
                return .success(bearer)
            }
        }
        guard let principal else { return .failure(.credentialsMissing) }
        return .success(principal)
    }

    private func bearer(_ value: Span<UInt8>, _ store: CredentialStore) -> Principal? {
        guard value.count > Self.scheme.count, value.count <= Self.headerBytesMax else {
            return nil
        }
        for index in Self.scheme.indices {
            let byte = value[index]
            let lower = (65...90).contains(byte) ? byte | 0x20 : byte
            guard lower == Self.scheme[index] else { return nil }
        }
        let header = [UInt8](capacity: value.count) { output in
            for index in value.indices { output.append(value[index]) }
        }
        let generation = store.generation
        if generation == knownGeneration, let knownPrincipal,
            SecretDigest.areEqual(header, knownHeader)
        {
            return knownPrincipal
        }
        let token = value.extracting(Self.scheme.count..<value.count)
        guard let principal = store.principal(of: SecretDigest(of: token)) else { return nil }
        knownHeader = header
        knownPrincipal = principal
        knownGeneration = generation
        return principal
    }

    private static func isAuthorization(_ text: Span<UInt8>) -> Bool {
        guard text.count == name.count else { return false }
        for index in name.indices where text[index] != name[index] { return false }
        return true
    }
}
