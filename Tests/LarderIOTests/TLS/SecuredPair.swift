import LarderIO
import Testing

/// The two ends of one connection on one loop, of which each has TLS.
func connectSecuredPair(
    _ loop: EventLoop, _ server: TLSContext, _ client: TLSContext,
    _ ready: @escaping (_ server: ByteStream, _ client: ByteStream) -> Void
) throws {
    try connectPair(loop) { serverStream, clientStream in
        do {
            try serverStream.secure(server: server)
            try clientStream.secure(client: client, serverName: "localhost")
        } catch { Issue.record(error) }
        ready(serverStream, clientStream)
    }
}
