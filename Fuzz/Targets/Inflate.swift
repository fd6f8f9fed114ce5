// Compressed messages: unpacking what a peer sends, within its bound, and packing what it asks for.
// Input: the format, the bound, how packing is cut, then the bytes.

import LarderGRPC

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let encoding: MessageEncoding = input.byte() & 1 == 0 ? .gzip : .deflate
    let limits: [UInt32] = [0, 1, 50, 5_000, 70_000]
    let limit = limits[input.choice(of: limits.count)]
    let cut = Int(input.byte())
    let bytes = input.rest()
    unpack(bytes, encoding, bytesMax: limit)
    packAndUnpack(bytes, encoding, cut: cut)
    _ = MessageEncoding(acceptedIn: bytes.span)
    return 0
}

/// What one stream makes of several messages, a fresh one makes of each alone.
private func unpack(_ bytes: [UInt8], _ encoding: MessageEncoding, bytesMax: UInt32) {
    let other: MessageEncoding = encoding == .gzip ? .deflate : .gzip
    var used = Inflater()
    let first = verdict(of: bytes, encoding, bytesMax, &used)
    _ = verdict(of: bytes, other, bytesMax, &used)
    let again = verdict(of: bytes, encoding, bytesMax, &used)
    var fresh = Inflater()
    let alone = verdict(of: bytes, encoding, bytesMax, &fresh)
    precondition(first == again && first == alone, "messages know nothing of each other")
    guard case .success(let message) = first else { return }
    precondition(message.count <= Int(bytesMax), "no more is unpacked than the limit")
    if let less = UInt32(exactly: message.count - 1) {
        precondition(
            verdict(of: bytes, encoding, less, &fresh) == .failure(.tooLarge(limitBytes: less)),
            "the limit is exact")
    }
}

private func verdict(
    of bytes: [UInt8], _ encoding: MessageEncoding, _ bytesMax: UInt32, _ inflater: inout Inflater
) -> Result<[UInt8], InflateError> {
    do throws(InflateError) {
        let message = try inflater.inflate(bytes.span, as: encoding, bytesMax: bytesMax)
        let copied = message.map { $0 }
        inflater.reuse(message)
        return .success(copied)
    } catch {
        return .failure(error)
    }
}

/// What was packed comes back, however it was cut; what does not shrink is given up.
private func packAndUnpack(_ bytes: [UInt8], _ encoding: MessageEncoding, cut: Int) {
    let cut = min(cut, bytes.count)
    var deflater = Deflater()
    for always in [true, false] {
        deflater.begin(encoding, messageBytes: bytes.count, always: always)
        deflater.append(bytes.span.extracting(..<cut))
        deflater.append(bytes.span.extracting(cut...))
        guard deflater.finish() else {
            precondition(!always, "what is packed in any case is packed")
            continue
        }
        precondition(always || deflater.deflated.count < bytes.count, "it has shrunk")
        var inflater = Inflater()
        let packed = deflater.deflated.indices.map { deflater.deflated[$0] }
        precondition(
            verdict(of: packed, encoding, UInt32(bytes.count), &inflater) == .success(bytes),
            "what was packed comes back")
    }
}
