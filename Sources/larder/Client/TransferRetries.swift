import LarderClient

/// What ends an attempt at a load or an export.
enum TransferError: Error {
    /// The call, which may be taken up again.
    case call(ClientError)
    /// What is read here or written here.
    case command(CommandFailure)
}

/// The attempts of a load or an export: one that lost its connection is taken up again on a new
/// one, after 0.2, 0.4, ... 3.2 seconds, at most 5 times without getting further: a long one may
/// live through any number of connections.
struct TransferRetries {
    private static let countMax = 5
    private static let firstMillis: UInt64 = 200

    /// Attempts since the last one that got further.
    private var count = 0
    /// The furthest that any attempt has come: a server that has lost its session begins again.
    private var reached: UInt64 = 0
    private var lost: ClientError?

    /// Connects anew if the attempt before lost its connection.
    func reconnect(_ client: CacheClient) async throws(TransferError) {
        guard lost != nil else { return }
        do throws(ClientError) { try await client.reconnect() } catch { throw .call(error) }
    }

    /// Waits for the next attempt, or throws if there may be none. `reached`: how far the attempts
    /// have come together.
    mutating func wait(
        after error: TransferError, isRepeatable: Bool, reached: UInt64
    ) async throws(CommandFailure) {
        if reached > self.reached {
            count = 0
            self.reached = reached
        }
        switch error {
        case .command(let failure): throw failure
        case .call(let failure):
            let mayGoOn = failure.mayBeRetried || lost != nil && failure.isUnreachable
            guard mayGoOn, isRepeatable, count < Self.countMax else {
                throw CommandFailure(failure)
            }
            lost = failure
        }
        let millis = Self.firstMillis << UInt64(count)
        count += 1
        try? await Task.sleep(nanoseconds: millis * 1_000_000)
    }
}
