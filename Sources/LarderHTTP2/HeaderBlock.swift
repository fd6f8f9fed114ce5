internal import CNghttp2

/// A header list to be sent, prepared once and sent any number of times, by any session.
///
/// A session keeps a reference until the stream that uses it is closed.
///
/// Pseudo-header fields (`:status`, …) come first, as HTTP/2 demands. Names are made lower case.
@safe
package final class HeaderBlock: @unchecked Sendable {
    // Immutable after `init`, hence shareable: C takes mutable pointers but does not write.
    let fields: UnsafeMutablePointer<nghttp2_nv>
    let count: Int
    private let bytes: UnsafeMutablePointer<UInt8>
    /// It is there as long as the process, so that nobody needs to count who uses it.
    let isEverlasting: Bool

    /// Where an everlasting block lies, which no other block ever does.
    typealias Key = UnsafeMutablePointer<nghttp2_nv>

    var key: Key? { unsafe isEverlasting ? fields : nil }

    /// `isIndexed` is false for values that will hardly come twice (an error's message): they then
    /// leave the compression table to those that do.
    package convenience init(_ list: [(name: String, value: String)], isIndexed: Bool = true) {
        self.init(list, isIndexed: isIndexed, isEverlasting: false)
    }

    /// A block that is never freed: for the few lists that most answers have.
    package static func everlasting(_ list: [(name: String, value: String)]) -> HeaderBlock {
        let block = HeaderBlock(list, isIndexed: true, isEverlasting: true)
        _ = unsafe Unmanaged.passRetained(block)
        return block
    }

    private init(
        _ list: [(name: String, value: String)], isIndexed: Bool, isEverlasting: Bool
    ) {
        self.isEverlasting = isEverlasting
        var byteCount = 0
        for field in list { byteCount += field.name.utf8.count + field.value.utf8.count }
        unsafe bytes = .allocate(capacity: max(byteCount, 1))
        unsafe fields = .allocate(capacity: max(list.count, 1))
        count = list.count
        var flags = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
        if !isIndexed { flags |= NGHTTP2_NV_FLAG_NO_INDEX.rawValue }
        var next = unsafe bytes
        for (index, field) in list.enumerated() {
            let name = unsafe next
            for byte in field.name.utf8 {
                let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                unsafe next.initialize(to: isUpper ? byte | 0x20 : byte)
                unsafe next += 1
            }
            let value = unsafe next
            for byte in field.value.utf8 {
                unsafe next.initialize(to: byte)
                unsafe next += 1
            }
            unsafe (fields + index).initialize(
                to: nghttp2_nv(
                    name: name, value: value, namelen: value - name, valuelen: next - value,
                    flags: UInt8(flags)))
        }
    }

    deinit {
        unsafe fields.deallocate()
        unsafe bytes.deallocate()
    }
}
