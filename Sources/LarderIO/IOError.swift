import CLibuv

/// Why something with a socket, a file or an address did not work.
///
/// Reads as one line: `listen on 127.0.0.1:7070: address already in use (EADDRINUSE)`.
package struct IOError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The system's name of the error: "EADDRINUSE".
    package let code: String
    /// The same in words: "address already in use".
    package let message: String
    /// What was attempted: "listen on 127.0.0.1:7070". Empty if there is nothing to add.
    package let context: String

    package init(code: String, message: String, context: String = "") {
        self.code = code
        self.message = message
        self.context = context
    }

    package var description: String {
        context.isEmpty ? "\(message) (\(code))" : "\(context): \(message) (\(code))"
    }

    package var isAddressInUse: Bool { code == "EADDRINUSE" }
    /// We ended it ourselves: an attempt was given up, or its loop was dropped.
    package var isCancelled: Bool { code == "ECANCELED" }
}

extension IOError {
    /// Names longer than this are cut; libuv's longest message has some 50 bytes.
    private static let textBytesMax = 128

    /// From a libuv result, which is a negated errno.
    init(libuv number: Int32, _ context: String = "") {
        unsafe self.init(
            code: Self.text { unsafe uv_err_name_r(number, $0, $1) },
            message: unsafe Self.text { unsafe uv_strerror_r(number, $0, $1) },
            context: context)
    }

    /// From `errno`, right after the system call that set it.
    init(errno number: Int32, _ context: String = "") {
        self.init(libuv: uv_translate_sys_error(number), context)
    }

    static func malformed(_ message: String, _ context: String) -> IOError {
        IOError(code: "EINVAL", message: message, context: context)
    }

    static let cancelled = IOError(code: "ECANCELED", message: "operation canceled")

    private static func text(
        _ fill: (UnsafeMutablePointer<CChar>, Int) -> UnsafeMutablePointer<CChar>?
    ) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: textBytesMax) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            unsafe base.initialize(repeating: 0, count: textBytesMax)
            _ = unsafe fill(base, textBytesMax)
            return unsafe String(cString: base)
        }
    }
}
