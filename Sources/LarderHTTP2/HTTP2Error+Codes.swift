internal import CNghttp2

extension HTTP2Error {
    /// A fatal result of the library.
    init(_ result: Int32) {
        switch result {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: self = .badPreface
        case NGHTTP2_ERR_FLOODED.rawValue: self = .flooded
        // Present in Debian's 1.52 and in every release since 1.61.
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: self = .tooManyContinuations
        case NGHTTP2_ERR_NOMEM.rawValue: self = .outOfMemory
        case NGHTTP2_ERR_CALLBACK_FAILURE.rawValue: self = .callbackFailed
        default: self = .library(code: result)
        }
    }

    /// What GOAWAY tells the peer of it.
    var code: UInt32 {
        switch self {
        case .badPreface: NGHTTP2_PROTOCOL_ERROR.rawValue
        case .flooded, .tooManyContinuations: NGHTTP2_ENHANCE_YOUR_CALM.rawValue
        case .outOfMemory, .callbackFailed, .library: NGHTTP2_INTERNAL_ERROR.rawValue
        }
    }
}

extension StreamFault {
    /// What GOAWAY tells the peer of it.
    var code: UInt32 {
        switch self {
        case .streamClosed: NGHTTP2_STREAM_CLOSED.rawValue
        case .priorityOfConnection: NGHTTP2_PROTOCOL_ERROR.rawValue
        case .frameSize: NGHTTP2_FRAME_SIZE_ERROR.rawValue
        }
    }
}
