/// What a client of the ops port asks for, in HTTP/1.1.
package struct OpsRequest: Equatable, Sendable {
    package var method: String
    /// Without its query.
    package var path: String

    package init(method: String, path: String) {
        self.method = method
        self.path = path
    }
}

/// Reads the head of a request as it comes.
package struct OpsRequestReader {
    /// What has come so far.
    package enum Reading: Equatable, Sendable {
        case incomplete
        case request(OpsRequest)
        /// No request that this port can answer.
        case malformed
        case tooLong
    }

    /// Of the request line and all fields.
    package static let headBytesMax = 8 << 10

    private var byteCount = 0
    private var requestLine: [UInt8] = []
    private var line: [UInt8] = []

    package init() {}

    /// Takes the next bytes; what follows the head is not looked at.
    package mutating func read(_ bytes: Span<UInt8>) -> Reading {
        for index in bytes.indices {
            byteCount += 1
            guard byteCount <= Self.headBytesMax else { return .tooLong }
            let byte = bytes[index]
            guard byte == Self.newline else {
                line.append(byte)
                continue
            }
            // A newline alone ends a line as well (RFC 9112, 2.2).
            if line.last == Self.carriageReturn { line.removeLast() }
            // Empty lines before a request are passed over.
            if requestLine.isEmpty {
                requestLine = line
            } else if line.isEmpty {
                return request
            }
            line.removeAll(keepingCapacity: true)
        }
        return .incomplete
    }

    private static let newline: UInt8 = 0x0A
    private static let carriageReturn: UInt8 = 0x0D

    /// "GET /metrics HTTP/1.1"
    private var request: Reading {
        guard requestLine.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return .malformed }
        let words = String(decoding: requestLine, as: UTF8.self)
            .split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[1].hasPrefix("/"),
            words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0"
        else { return .malformed }
        let path = words[1].prefix { $0 != "?" }
        return .request(OpsRequest(method: String(words[0]), path: String(path)))
    }
}
