import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOPosix
import Synchronization

/// A hash map in parts, each under a lock.
final class Store: Sendable {
    struct Stored {
        var value: [UInt8]
        var version: UInt64
    }

    final class Shard: Sendable {
        let items = Mutex<[[UInt8]: Stored]>([:])
    }

    private let shards = (0..<64).map { _ in Shard() }

    func get(_ key: [UInt8]) -> Answer {
        guard let found = shard(of: key).items.withLock({ $0[key] }) else {
            return Answer(outcome: 2)
        }
        return Answer(outcome: 1, version: found.version, value: found.value)
    }

    func set(_ item: Item) -> Answer {
        shard(of: item.key).items.withLock {
            let version = ($0[item.key]?.version ?? 0) + 1
            $0[item.key] = Stored(value: item.value, version: version)
            return Answer(outcome: 1, version: version)
        }
    }

    private func shard(of key: [UInt8]) -> Shard {
        shards[Int(UInt(bitPattern: key.hashValue) >> 58)]
    }
}

struct CacheService: RegistrableRPCService {
    let store = Store()

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        register("Get", with: &router) { store.get($0.key) }
        register("Set", with: &router) { store.set($0) }
    }

    private func register<Transport: ServerTransport>(
        _ method: String, with router: inout RPCRouter<Transport>,
        _ answer: @escaping @Sendable (Item) -> Answer
    ) {
        router.registerHandler(
            forMethod: MethodDescriptor(
                fullyQualifiedService: "larder.v1.CacheService", method: method),
            deserializer: ItemDeserializer(), serializer: AnswerSerializer()
        ) { request, _ in
            let request = try await ServerRequest(stream: request)
            return StreamingServerResponse(single: ServerResponse(message: answer(request.message)))
        }
    }
}

/// What gRPC in Swift costs for the same messages, over a hash map. Started with the port and the
/// number of event loops; the calls run on Swift's own threads, which costs less than on the loops.
@main
struct Peer {
    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard numbers.count == 2 else { fatalError("grpc_swift PORT THREADS") }
        let server = GRPCServer(
            transport: .http2NIOPosix(
                address: .ipv4(host: "127.0.0.1", port: numbers[0]),
                transportSecurity: .plaintext,
                config: .defaults { config in
                    config.rpc.maxRequestPayloadSize = 8 << 20
                    config.http2.maxConcurrentStreams = 1024
                },
                eventLoopGroup: MultiThreadedEventLoopGroup(numberOfThreads: numbers[1])),
            services: [CacheService()])
        try await server.serve()
    }
}
