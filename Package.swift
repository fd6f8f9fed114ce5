// swift-tools-version: 6.3
import PackageDescription

let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// A target imports only what stands in its row, downwards: docs/architecture.md draws the house.
let package = Package(
    name: "larder",
    products: [
        .executable(name: "larder", targets: ["larder"]),
        .library(name: "LarderCache", targets: ["LarderCache"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Ground: C libraries, found by pkg-config.
        .systemLibrary(
            name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CLibuv", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // A header of our own: a hint to the processor.
        .systemLibrary(name: "CProcessor"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // Pages from the system, which those above hand to each other.
        .target(name: "LarderPages", swiftSettings: house),

        // First floor: rooms that know nothing of each other.
        .target(name: "LarderIO", dependencies: ["CLibuv", "COpenSSL"], swiftSettings: house),
        .target(name: "LarderHTTP2", dependencies: ["CNghttp2"], swiftSettings: house),
        .target(name: "LarderGRPC", dependencies: ["LarderPages", "CZlib"], swiftSettings: house),
        .target(name: "LarderProtocol", swiftSettings: house),
        .target(
            name: "LarderCache", dependencies: ["LarderPages", "CProcessor"], swiftSettings: house),

        // Second floor: what each method does.
        .target(
            name: "LarderService",
            dependencies: ["LarderGRPC", "LarderProtocol", "LarderCache", "LarderPages"],
            swiftSettings: house),

        // Third floor: bytes, sessions and calls joined.
        .target(
            name: "LarderServer",
            dependencies: [
                "LarderIO", "LarderHTTP2", "LarderGRPC", "LarderService", "LarderPages",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], swiftSettings: house),
        .target(
            name: "LarderClient",
            dependencies: ["LarderIO", "LarderHTTP2", "LarderGRPC", "LarderProtocol"],
            swiftSettings: house),

        // Roof: the command line.
        .executableTarget(
            name: "larder",
            dependencies: [
                "LarderServer", "LarderClient", "LarderCache", "CZstd",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: house),

        // Speaks the codec on stdin and stdout, for the tests that hold it against upb.
        .executableTarget(
            name: "codec-oracle", dependencies: ["LarderProtocol"], path: "Tests/CodecOracle",
            swiftSettings: house),

        // The cache in process: what its DocC page shows.
        .executableTarget(
            name: "in-process-example", dependencies: ["LarderCache"], path: "examples/swift",
            swiftSettings: house),

        // What the inner parts take: `make bench-micro`.
        .executableTarget(
            name: "larder-microbench",
            dependencies: [
                "LarderService", "LarderGRPC", "LarderCache", "LarderProtocol", "LarderHTTP2",
                "CProcessor",
            ],
            path: "Benchmarks/Micro", swiftSettings: house),
        // A server and its clients in one thread, all of it drawn from a seed.
        .target(
            name: "LarderSimulation",
            dependencies: [
                "LarderServer", "LarderHTTP2", "LarderGRPC", "LarderService", "LarderProtocol",
                "LarderCache",
            ], path: "Tests/LarderSimulation", swiftSettings: house),
        .executableTarget(
            name: "larder-simulation", dependencies: ["LarderSimulation"],
            path: "Tests/LarderSimulationCommand", swiftSettings: house),

        // Serves grpc.testing.TestService, for the interoperability tests.
        .executableTarget(
            name: "interop-server",
            dependencies: [
                "LarderServer", "LarderService", "LarderGRPC", "LarderProtocol",
                .product(name: "Logging", package: "swift-log"),
            ], path: "Tests/InteropServer", swiftSettings: house),

        .testTarget(name: "LarderIOTests", dependencies: ["LarderIO"], swiftSettings: house),
        .testTarget(name: "LarderHTTP2Tests", dependencies: ["LarderHTTP2"], swiftSettings: house),
        .testTarget(name: "LarderPagesTests", dependencies: ["LarderPages"], swiftSettings: house),
        .testTarget(
            name: "LarderGRPCTests", dependencies: ["LarderGRPC", "LarderPages"],
            swiftSettings: house),
        .testTarget(
            name: "LarderProtocolTests", dependencies: ["LarderProtocol"], swiftSettings: house),
        .testTarget(
            name: "LarderCacheTests", dependencies: ["LarderCache", "LarderPages"],
            swiftSettings: house),
        .testTarget(
            name: "LarderServiceTests",
            dependencies: ["LarderService", "LarderGRPC", "LarderProtocol", "LarderCache"],
            swiftSettings: house),
        .testTarget(
            name: "LarderServerTests",
            dependencies: [
                "LarderServer", "LarderClient", "LarderHTTP2", "LarderIO", "LarderGRPC",
                "LarderService", "LarderProtocol", "LarderPages",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: house),
        .testTarget(
            name: "LarderSimulationTests", dependencies: ["LarderSimulation"],
            swiftSettings: house),
    ]
)
