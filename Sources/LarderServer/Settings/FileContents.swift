#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A small file, read whole and never beyond a bound.
package enum FileContents {
    /// Why a file could not be read.
    package enum Failure: Error, Equatable {
        /// What the system said, in its words.
        case system(String)
        /// The file holds more than was allowed.
        case tooLong(bytesMax: Int)
    }

    /// Reads the file at `path`, following links; pipes are read to their end.
    package static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw lastFailure() }
        defer { _ = close(descriptor) }

        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Self.readSome(descriptor, into: buffer)
            }
            guard count >= 0 else { throw lastFailure() }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= bytesMax else { throw .tooLong(bytesMax: bytesMax) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static func readSome(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        while true {
            let count = unsafe Self.systemRead(descriptor, buffer.baseAddress, buffer.count)
            guard count < 0 && errno == EINTR else { return count }
        }
    }

    private static func lastFailure() -> Failure {
        guard let words = unsafe strerror(errno) else { return .system("error \(errno)") }
        return unsafe .system(String(cString: words).lowercasedFirst)
    }
}

extension FileContents {
    // `read` alone would name this type's own.
    private static func systemRead(
        _ descriptor: Int32, _ start: UnsafeMutableRawPointer?, _ count: Int
    ) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.read(descriptor, start, count)
        #elseif canImport(Musl)
        unsafe Musl.read(descriptor, start, count)
        #else
        unsafe Darwin.read(descriptor, start, count)
        #endif
    }
}

extension FileContents.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let words): words
        case .tooLong(let bytesMax): "longer than \(ByteSize(UInt64(bytesMax)))"
        }
    }
}

extension String {
    fileprivate var lowercasedFirst: String {
        prefix(1).lowercased() + dropFirst()
    }
}
