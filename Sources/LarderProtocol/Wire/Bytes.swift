extension Span<UInt8> {
    /// Throws unless the bytes are UTF-8.
    @inline(__always)
    func checkUTF8() throws(WireError) {
        // Most text is ASCII, and one pass of `or` tells.
        var seen: UInt8 = 0
        for index in indices { seen |= self[index] }
        if seen >= 0x80 { try checkLongUTF8() }
    }

    @inline(never)
    private func checkLongUTF8() throws(WireError) {
        do { _ = try UTF8Span(validating: self) } catch { throw .invalidUTF8 }
    }
}

extension [UInt8] {
    /// A copy of borrowed bytes.
    init(copy span: Span<UInt8>) {
        self.init(capacity: span.count) { output in
            for index in span.indices { output.append(span[index]) }
        }
    }
}

extension String {
    /// The text in `span`, which has been found to be UTF-8; bytes that are not come out as U+FFFD.
    init(utf8 span: Span<UInt8>) {
        do {
            self.init(copying: try UTF8Span(validating: span))
        } catch {
            self.init(decoding: [UInt8](copy: span), as: UTF8.self)
        }
    }
}
