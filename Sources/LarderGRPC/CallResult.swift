/// What a client hears of a call's end: response headers and trailers, made into one status.
package struct CallResult {
    /// More of a `grpc-message` is not read.
    package static let messageBytesMax = 8 * 1024

    private var httpStatus: Int?
    private var isGRPC = false
    private var grpcStatus: GRPCStatus?
    private var encodedMessage: [UInt8] = []
    private var detailsBytes: [UInt8] = []

    private enum GRPCStatus {
        case code(StatusCode)
        case malformed
    }

    package init() {}

    /// Takes one field of the response headers or the trailers.
    package mutating func record(name: Span<UInt8>, value: Span<UInt8>) {
        switch name.count {
        case 7 where name.spells(FieldName.status): httpStatus = value.decimal
        case 11 where name.spells(FieldName.grpcStatus): recordStatus(value)
        case 12 where name.spells(FieldName.grpcMessage):
            encodedMessage = [UInt8](copying: value.extracting(first: Self.messageBytesMax))
        case 12 where name.spells(FieldName.contentType): recordContentType(value)
        case 23 where name.spells(FieldName.grpcStatusDetails): recordDetails(value)
        default: return
        }
    }

    /// The header block is complete. A status in headers that do not end the stream says nothing.
    package mutating func headersEnded(endOfStream: Bool) {
        if endOfStream { return }
        if let httpStatus, (100..<200).contains(httpStatus) {
            self = CallResult()
        } else {
            grpcStatus = nil
            encodedMessage = []
            detailsBytes = []
        }
    }

    /// How the call ended, once its stream has. An HTTP/2 error code, of a stream that was reset,
    /// counts only if no status came before it.
    package func status(resetCode: UInt32? = nil) -> Status {
        switch grpcStatus {
        case .code(let code):
            Status(
                code, PercentEncoding.decode(encodedMessage.span), detailsBytes: detailsBytes)
        case .malformed: Status(.unknown, "the answer's grpc-status is no known code")
        case nil:
            if let resetCode {
                Status(resetCode: resetCode)
            } else if let httpStatus {
                statusOfPlainHTTP(httpStatus)
            } else {
                Status(.unknown, "the stream ended without an answer")
            }
        }
    }

    private func statusOfPlainHTTP(_ httpStatus: Int) -> Status {
        if httpStatus != 200 { return Status(httpStatus: httpStatus) }
        return isGRPC
            ? Status(.unknown, "the answer ends without a grpc-status")
            : Status(.unknown, "the answer is no gRPC: another content-type")
    }

    private mutating func recordStatus(_ value: Span<UInt8>) {
        guard let number = value.decimal, let raw = UInt8(exactly: number),
            let code = StatusCode(rawValue: raw)
        else {
            grpcStatus = .malformed
            return
        }
        grpcStatus = .code(code)
    }

    private mutating func recordContentType(_ value: Span<UInt8>) {
        let known = FieldValue.grpc.utf8.count
        guard value.extracting(first: known).spells(FieldValue.grpc) else { return }
        let next = value.count == known ? UInt8(ascii: ";") : value[known]
        isGRPC = next == UInt8(ascii: ";") || next == UInt8(ascii: "+")
    }

    /// Details that are no base64 are left out: they must not hide the status.
    private mutating func recordDetails(_ value: Span<UInt8>) {
        // A proxy may have joined two fields with a comma.
        var length = 0
        while length < value.count, value[length] != UInt8(ascii: ",") { length += 1 }
        detailsBytes = Base64.decode(value.extracting(first: length)) ?? []
    }
}

extension Status {
    /// What a plain HTTP answer means to a caller.
    package init(httpStatus: Int) {
        let code: StatusCode =
            switch httpStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        self.init(code, "the answer is HTTP status \(httpStatus) without a grpc-status")
    }

    /// What a reset stream means to a caller.
    package init(resetCode: UInt32) {
        let code: StatusCode =
            switch resetCode {
            case 0x0, 0x1, 0x2, 0x3, 0x4, 0x6, 0x9, 0xa: .internal
            case 0x7: .unavailable  // REFUSED_STREAM: nothing was done
            case 0x8: .cancelled
            case 0xb: .resourceExhausted  // ENHANCE_YOUR_CALM
            case 0xc: .permissionDenied  // INADEQUATE_SECURITY
            default: .unknown
            }
        self.init(code, "the stream was reset with HTTP/2 error code \(resetCode)")
    }
}

extension Span<UInt8> {
    fileprivate func spells(_ text: String) -> Bool {
        let other = text.utf8.span
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// A number of one to three digits without sign or leading zero.
    fileprivate var decimal: Int? {
        guard (1...3).contains(count), count == 1 || self[0] != UInt8(ascii: "0") else {
            return nil
        }
        var number = 0
        for index in indices {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number * 10 + Int(digit)
        }
        return number
    }
}
