import COpenSSL

/// Why a certificate cannot be used or a secured connection did not come about, in one line.
package struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What of a context's material is wrong.
    package enum Part: Sendable, Equatable {
        case certificate, key, authority
        /// None of them: a session failed, or OpenSSL itself.
        case session
    }

    package let part: Part
    package let reason: String

    package init(_ part: Part, _ reason: String) {
        self.part = part
        self.reason = reason
    }

    package var description: String { reason }

    var ioError: IOError { IOError(code: IOError.tlsCode, message: reason) }

    /// Lets the thread's queue tell of what comes next only.
    // To look costs a tenth of what it costs to clear sixteen places.
    static func emptyQueue() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// The oldest error in the thread's queue, which is the cause of the others; empties it.
    static func fromQueue(_ part: Part, _ context: String) -> TLSError {
        let number = ERR_get_error()
        ERR_clear_error()
        guard number != 0, let words = unsafe ERR_reason_error_string(number) else {
            return TLSError(part, context)
        }
        return TLSError(part, "\(context): \(unsafe String(cString: words))")
    }
}

extension IOError {
    static let tlsCode = "ETLS"

    /// A secured connection failed as such, not its socket.
    package var isTLS: Bool { code == Self.tlsCode }
}
