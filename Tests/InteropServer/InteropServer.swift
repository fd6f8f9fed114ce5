// Serves grpc.testing.TestService beside the cache, over the server's own connections:
//
//     interop-server ADDRESS

import LarderServer
import Logging

@main
enum InteropServer {
    static func main() async throws {
        var settings = Settings(machine: Machine())
        settings.listen = Array(CommandLine.arguments.dropFirst())
        settings.memoryBytes = 16 << 20
        settings.threads = 2
        settings.compression = true
        try await Server.run(
            settings: settings, logger: Logger(label: "interop"), further: TestService())
    }
}
