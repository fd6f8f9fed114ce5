#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A small file, read whole and never beyond a bound.
package enum FileContents {
    /// Why a file could not be read, in words.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }

        /// What the system says, in its words.
        package init(errno number: Int32) {
            guard let words = unsafe strerror(number) else {
                self.init(description: "error \(number)")
                return
            }
            let text = unsafe String(cString: words)
            self.init(description: text.prefix(1).lowercased() + text.dropFirst())
        }
    }

    /// Reads the file at `path`, following links; pipes are read to their end.
    package static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8] {
        guard let file = unsafe fopen(path, "re") else { throw Failure(errno: errno) }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            guard bytes.count + count <= bytesMax else {
                throw Failure(description: "longer than \(ByteSize(UInt64(bytesMax)))")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        guard unsafe ferror(file) == 0 else { throw Failure(errno: errno) }
        return bytes
    }
}
