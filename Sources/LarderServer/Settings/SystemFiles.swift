/// The kernel's small text files, below a root that tests may choose.
struct SystemFiles {
    /// More than any of the files read has.
    static let fileBytesMax = 256 << 10

    let root: String

    /// The text of a file, nil if it can't be read.
    func text(_ path: String) -> String? {
        guard let bytes = try? FileContents.read(root + path, bytesMax: Self.fileBytesMax) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The lines of a file, none if it can't be read.
    func lines(_ path: String) -> [Substring] {
        text(path)?.split(separator: "\n") ?? []
    }

    /// A file that holds one number, as control groups' do; nil for `max` and anything else.
    func number(_ path: String) -> UInt64? {
        lines(path).first.flatMap { UInt64($0) }
    }
}
