/// The headers of one request, field by field, and what they make of it.
///
/// Only the fields a call depends on are looked at; all others pass unseen, so that nothing in
/// them can fail a call. Of a field given twice the first counts. Made once and reused: recording
/// takes no memory.
package struct CallHead: ~Copyable {
    package static let pathBytesMax = 1024
    /// A longer list counts as none: then answers are not compressed, which is always right.
    package static let acceptEncodingBytesMax = 64

    private enum Method { case absent, post, get, head, other }
    private enum ContentType { case absent, grpc, otherCodec, other }
    private enum Encoding: Equatable { case absent, known(MessageEncoding), unsupported }
    private enum Deadline { case absent, malformed, nanos(UInt64) }

    private struct Names {
        let path = Spelling(":path")
        let method = Spelling(":method")
        let larderNode = Spelling("larder-node")
        let contentType = Spelling("content-type")
        let grpcTimeout = Spelling(CallHead.timeoutName)
        let grpcEncoding = Spelling("grpc-encoding")
        let authorization = Spelling("authorization")
        let acceptEncoding = Spelling("grpc-accept-encoding")
        let post = Spelling("POST")
        let get = Spelling("GET")
        let head = Spelling("HEAD")
        let grpc = Spelling("application/grpc")
        let json = Spelling("json")
        let thrift = Spelling("thrift")
        let identity = Spelling("identity")
        let gzip = Spelling("gzip")
        let deflate = Spelling("deflate")
        let health = Spelling("/healthz")
    }

    // Spelt once for each head: a static of these would be looked up behind a lock.
    private let names = Names()
    private var method = Method.absent
    private var contentType = ContentType.absent
    private var encoding = Encoding.absent
    private var deadline = Deadline.absent
    private var pathCount = 0
    private var pathIsTooLong = false
    private var acceptEncodingCount = 0
    private var pathBuffer = [UInt8](repeating: 0, count: pathBytesMax)
    private var acceptEncodingBuffer = [UInt8](repeating: 0, count: acceptEncodingBytesMax)

    /// Whether the caller brought credentials.
    package private(set) var hasAuthorization = false
    /// Whether the caller named the node it means.
    package private(set) var hasLarderNode = false

    package init() {}

    /// Takes one field, name in lower case as HTTP/2 has it.
    package mutating func record(name: Span<UInt8>, value: Span<UInt8>) {
        switch name.count {
        case 5:
            if names.path.begins(name, count: 5) { recordPath(value) }
        case 7:
            if names.method.begins(name, count: 7) { recordMethod(value) }
        case 11:
            if names.larderNode.begins(name, count: 11) { hasLarderNode = true }
        case 12:
            if names.contentType.begins(name, count: 12) {
                recordContentType(value)
            } else if names.grpcTimeout.begins(name, count: 12) {
                recordTimeout(value)
            }
        case 13:
            if names.grpcEncoding.begins(name, count: 13) {
                recordEncoding(value)
            } else if names.authorization.begins(name, count: 13) {
                hasAuthorization = true
            }
        case 20:
            if names.acceptEncoding.begins(name, count: 20) { recordAcceptEncoding(value) }
        default: return
        }
    }

    /// The path as it came: no decoding, no normal form. Empty if there is none or it is too long.
    package var path: Span<UInt8> {
        @_lifetime(borrow self)
        get { pathBuffer.span.extracting(first: pathCount) }
    }

    /// How the request's messages may be compressed.
    package var requestEncoding: MessageEncoding {
        switch encoding {
        case .absent, .unsupported: .identity
        case .known(let encoding): encoding
        }
    }

    /// The encodings the caller understands, as it wrote them.
    package var acceptEncoding: Span<UInt8> {
        @_lifetime(borrow self)
        get { acceptEncodingBuffer.span.extracting(first: acceptEncodingCount) }
    }

    /// Forgets the request and takes another one.
    package mutating func reset() {
        method = .absent
        contentType = .absent
        encoding = .absent
        deadline = .absent
        pathCount = 0
        pathIsTooLong = false
        acceptEncodingCount = 0
        hasAuthorization = false
        hasLarderNode = false
    }
}

extension CallHead {
    /// The field that says how long the caller waits; most callers send another value each time.
    package static let timeoutName = "grpc-timeout"

    /// What a caller's timeout comes to; nil: with this one there is no call.
    package static func timeoutNanos(_ text: Span<UInt8>) -> UInt64? {
        guard let nanos = Timeout.parse(text), nanos >= timeoutNanosMin else { return nil }
        return nanos
    }

    /// What a request is, once all its headers are there.
    package enum Verdict: Equatable, Sendable {
        /// A gRPC call for the method at `path`.
        case call(timeoutNanos: UInt64?)
        /// A probe, GET or HEAD of `/healthz`, in plain HTTP.
        case health(isHead: Bool)
        /// No gRPC: answer in plain HTTP.
        case plain(PlainAnswer)
        /// A gRPC call that ends here, Trailers-Only.
        case reject(Status)
    }

    /// A shorter timeout has passed before any answer could travel.
    package static let timeoutNanosMin: UInt64 = 1_000

    package func verdict() -> Verdict {
        guard method == .post else { return verdictOnPlainHTTP() }
        switch contentType {
        case .grpc: break
        case .otherCodec: return .reject(.unsupportedCodec)
        case .absent, .other: return verdictOnPlainHTTP()
        }
        guard pathCount > 0 else { return .reject(pathIsTooLong ? .pathTooLong : .pathMissing) }
        guard encoding != .unsupported else { return .reject(.unsupportedEncoding) }
        switch deadline {
        case .absent: return .call(timeoutNanos: nil)
        case .malformed: return .reject(.malformedTimeout)
        case .nanos(let nanos) where nanos < Self.timeoutNanosMin:
            return .reject(.deadlineExceeded)
        case .nanos(let nanos): return .call(timeoutNanos: nanos)
        }
    }

    private func verdictOnPlainHTTP() -> Verdict {
        switch method {
        case .post: .plain(.unsupportedMediaType)
        case .get: isHealthPath ? .health(isHead: false) : .plain(.methodNotAllowed)
        case .head: isHealthPath ? .health(isHead: true) : .plain(.methodNotAllowed.withoutBody)
        case .absent, .other: .plain(.methodNotAllowed)
        }
    }

    private var isHealthPath: Bool {
        guard names.health.begins(path, count: 8) else { return false }
        return pathCount == 8 || path[8] == UInt8(ascii: "?")
    }
}

extension CallHead {
    private mutating func recordMethod(_ value: Span<UInt8>) {
        guard method == .absent else { return }
        method = .other
        if value.count == 4, names.post.begins(value, count: 4) { method = .post }
        if value.count == 3, names.get.begins(value, count: 3) { method = .get }
        if value.count == 4, names.head.begins(value, count: 4) { method = .head }
    }

    private mutating func recordContentType(_ value: Span<UInt8>) {
        guard contentType == .absent else { return }
        contentType = .other
        guard names.grpc.begins(value, count: 16) else { return }
        // Never by the prefix alone: application/grpc-web is another protocol.
        let next = value.count == 16 ? UInt8(ascii: ";") : value[16]
        switch next {
        case UInt8(ascii: ";"): contentType = .grpc
        case UInt8(ascii: "+"):
            contentType = namesOtherCodec(value.extracting(17...)) ? .otherCodec : .grpc
        default: return
        }
    }

    /// Codecs of gRPC whose messages are no protobuf. A name that nobody knows is taken for
    /// protobuf by another name, as other servers do: proxies choose their own.
    private func namesOtherCodec(_ codec: Span<UInt8>) -> Bool {
        var count = 0
        while count < codec.count, codec[count] != UInt8(ascii: ";") { count += 1 }
        return count == 4 && names.json.begins(codec, count: 4)
            || count == 6 && names.thrift.begins(codec, count: 6)
    }

    private mutating func recordTimeout(_ value: Span<UInt8>) {
        guard case .absent = deadline else { return }
        if let nanos = Timeout.parse(value) {
            deadline = .nanos(nanos)
        } else {
            deadline = .malformed
        }
    }

    private mutating func recordEncoding(_ value: Span<UInt8>) {
        guard encoding == .absent else { return }
        encoding = .unsupported
        switch value.count {
        case 4: if names.gzip.begins(value, count: 4) { encoding = .known(.gzip) }
        case 7: if names.deflate.begins(value, count: 7) { encoding = .known(.deflate) }
        case 8: if names.identity.begins(value, count: 8) { encoding = .known(.identity) }
        default: return
        }
    }

    private mutating func recordPath(_ value: Span<UInt8>) {
        guard pathCount == 0, !pathIsTooLong else { return }
        guard value.count <= Self.pathBytesMax else {
            pathIsTooLong = true
            return
        }
        pathCount = value.count
        pathBuffer.overwriteStart(with: value)
    }

    private mutating func recordAcceptEncoding(_ value: Span<UInt8>) {
        guard acceptEncodingCount == 0, value.count <= Self.acceptEncodingBytesMax else { return }
        acceptEncodingCount = value.count
        acceptEncodingBuffer.overwriteStart(with: value)
    }
}

extension [UInt8] {
    /// Puts the bytes at the start, as many as there is room for.
    fileprivate mutating func overwriteStart(with bytes: Span<UInt8>) {
        var room = mutableSpan
        for index in 0..<Swift.min(room.count, bytes.count) { room[index] = bytes[index] }
    }
}
