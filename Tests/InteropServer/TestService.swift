import LarderGRPC
import LarderService

/// grpc.testing.TestService: what gRPC's interoperability tests call.
struct TestService: FurtherMethods {
    private static let methods: [Method] = [
        .further(0, .serverStreaming, "grpc.testing.TestService/EmptyCall"),
        .further(1, .serverStreaming, "grpc.testing.TestService/UnaryCall"),
        .further(2, .serverStreaming, "grpc.testing.TestService/CacheableUnaryCall"),
        .further(3, .serverStreaming, "grpc.testing.TestService/StreamingOutputCall"),
        .further(4, .clientStreaming, "grpc.testing.TestService/StreamingInputCall"),
        .further(5, .bidiStreaming, "grpc.testing.TestService/FullDuplexCall"),
        .further(6, .bidiStreaming, "grpc.testing.TestService/HalfDuplexCall"),
    ]

    func method(path: Span<UInt8>) -> Method? {
        let path = String(decoding: path.indices.map { path[$0] }, as: UTF8.self)
        return Self.methods.first { "/\($0.fullName)" == path }
    }

    func open(_ method: Method, metadata: [Field], nowNanos: UInt64) -> any StreamingCall {
        let call: any StreamingCall =
            switch "\(method.fullName)".split(separator: "/").last {
            case "EmptyCall": EmptyCall()
            case "UnaryCall", "CacheableUnaryCall": UnaryCall()
            case "StreamingInputCall": StreamingInputCall()
            case "HalfDuplexCall": StreamingOutputCall(waitsForEnd: true)
            default: StreamingOutputCall(waitsForEnd: false)
            }
        return EchoingCall(call, metadata) ?? call
    }
}

extension Status {
    /// The end that the client has asked for; nil: the call goes on.
    init?(_ echo: EchoStatus?) {
        guard let echo, echo.code != 0 else { return nil }
        let code = UInt8(exactly: echo.code).flatMap(StatusCode.init(rawValue:)) ?? .unknown
        self.init(code, echo.message)
    }

    static func unparsable(_ error: any Error) -> Status { Status(.internal, "\(error)") }

    static var isNotCompressed: Status {
        Status(.invalidArgument, "a message that should have been compressed was not")
    }

    static var sizeOutOfRange: Status {
        Status(.invalidArgument, "a response of that size is not made")
    }
}

/// Sends two fields of the request back, one before the messages and one after them.
final class EchoingCall: StreamingCall {
    private static let initial = "x-grpc-test-echo-initial"
    private static let trailing = "x-grpc-test-echo-trailing-bin"

    private let call: any StreamingCall
    private let headers: [Field]
    private let trailers: [Field]

    /// Nil: the request has neither of them.
    init?(_ call: any StreamingCall, _ metadata: [Field]) {
        self.call = call
        headers = metadata.filter { $0.name == Self.initial }
        trailers = metadata.filter { $0.name == Self.trailing }
        if headers.isEmpty && trailers.isEmpty { return nil }
    }

    private func echo(in reply: inout Reply) {
        var extras = reply.extras ?? ReplyExtras()
        extras.headers = headers
        extras.trailers = trailers
        reply.extras = extras
    }

    func receivesCompressed() { call.receivesCompressed() }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        call.received(message, nowNanos: nowNanos, sentAll: sentAll, reply: &reply)
        echo(in: &reply)
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        call.halfClosed(nowNanos: nowNanos, sentAll: sentAll, reply: &reply)
        echo(in: &reply)
    }

    func writable(nowNanos: UInt64, reply: inout Reply) {
        call.writable(nowNanos: nowNanos, reply: &reply)
        echo(in: &reply)
    }

    func woken(nowNanos: UInt64, reply: inout Reply) {
        call.woken(nowNanos: nowNanos, reply: &reply)
        echo(in: &reply)
    }

    func cancelled() { call.cancelled() }
}
