// The decoders of all messages. Input: which message, then its bytes.

import LarderProtocol

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let kinds = MessageKind.allCases
    let choice = input.choice(of: kinds.count + 1)
    let bytes = input.rest()
    // Bytes that are no message are the peer's fault and end in a typed error; all else traps.
    do {
        if choice < kinds.count {
            try kinds[choice].check(bytes)
        } else {
            try skipAll(bytes)
        }
    } catch {
        return 0
    }
    return 0
}

/// Reads over every field without knowing any.
private func skipAll(_ bytes: [UInt8]) throws(WireError) {
    var reader = WireReader(bytes.span)
    while let tag = try reader.nextTag() {
        let before = reader.offset
        try reader.skip(tag)
        precondition(reader.offset > before, "every field takes at least a byte")
        precondition(reader.offset <= bytes.count, "a reader stays within its bytes")
    }
    precondition(reader.isAtEnd, "there are no tags left only at the end")
}
