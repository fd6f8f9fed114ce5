// The header fields of a call and the encodings in them. Input: which check, then fields (name,
// length, value) or text.

import LarderGRPC

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    switch input.choice(of: 5) {
    case 0: checkHead(fields(&input))
    case 1: checkResult(fields(&input), trailersFrom: input.choice(of: 8))
    case 2: checkTimeout(&input)
    case 3: checkPercentEncoding(&input)
    default: checkBase64(input.rest())
    }
    return 0
}

private typealias RawField = (name: [UInt8], value: [UInt8])

private func fields(_ input: inout FuzzInput) -> [RawField] {
    var fields: [RawField] = []
    while !input.isAtEnd {
        let choice = Int(input.byte())
        let name =
            choice < CallFieldNames.all.count
            ? Array(CallFieldNames.all[choice].utf8) : input.run(choice % 32)
        fields.append((name, input.lengthAndRun()))
    }
    return fields
}

// MARK: Requests

private func checkHead(_ fields: [RawField]) {
    var head = CallHead()
    record(fields, in: &head)
    let verdict = head.verdict()
    let path = copy(head.path)
    precondition(path.count <= CallHead.pathBytesMax, "the path has its bound")
    let given = fields.first { $0.name.elementsEqual(":path".utf8) && !$0.value.isEmpty }
    precondition(path.isEmpty || path == given?.value, "the path is the one that was given")
    precondition(
        head.acceptEncoding.count <= CallHead.acceptEncodingBytesMax, "the list has its bound")

    switch verdict {
    case .call(let timeoutNanos):
        precondition(!path.isEmpty, "a call has a path")
        if let timeoutNanos {
            precondition(timeoutNanos >= CallHead.timeoutNanosMin, "no timeout is too short")
            precondition(timeoutNanos <= Timeout.nanosMax, "no timeout is too long")
        }
    case .reject(let status):
        precondition(!status.isOK, "a refusal is no success")
        checkTrailers(of: status)
    case .plain(let answer): precondition((400..<600).contains(answer.status))
    case .health: break
    }

    // A head that is used again has forgotten the request before.
    var other = CallHead()
    record([(Array(":path".utf8), [47]), (Array("grpc-timeout".utf8), [120])], in: &other)
    other.reset()
    record(fields, in: &other)
    precondition(other.verdict() == verdict, "a head remembers nothing")
    precondition(copy(other.path) == path, "a head remembers nothing")
    checkTrailers(of: .unknownMethod(path: head.path))
}

private func record(_ fields: [RawField], in head: inout CallHead) {
    for field in fields { head.record(name: field.name.span, value: field.value.span) }
}

// MARK: Answers

private func checkResult(_ fields: [RawField], trailersFrom: Int) {
    var result = CallResult()
    for (index, field) in fields.enumerated() {
        if index == trailersFrom { result.headersEnded(endOfStream: false) }
        result.record(name: field.name.span, value: field.value.span)
    }
    result.headersEnded(endOfStream: true)
    checkTrailers(of: result.status())
    checkTrailers(of: result.status(resetCode: UInt32(trailersFrom)))
}

/// A status travels in fields that HTTP/2 allows and comes back the same.
private func checkTrailers(of status: Status) {
    var result = CallResult()
    for field in status.trailersOnlyFields() {
        let value = Array(field.value.utf8)
        let isPrintable = value.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }
        precondition(isPrintable, "a field's value is printable ASCII")
        precondition(value.first != 0x20 && value.last != 0x20, "no blank at an end is lost")
        let name = Array(field.name.utf8)
        result.record(name: name.span, value: value.span)
    }
    result.headersEnded(endOfStream: true)
    let returned = result.status()
    precondition(returned.code == status.code, "a code comes back")
    precondition(returned.detailsBytes == status.detailsBytes, "details come back")
    let isStart = status.message.utf8.starts(with: returned.message.utf8)
    precondition(isStart, "a message comes back, whole or cut")
}

// MARK: Encodings

private func checkTimeout(_ input: inout FuzzInput) {
    let nanos = input.uint64()
    let formatted = Array(Timeout.format(nanos).utf8)
    precondition(formatted.count <= Timeout.digitsMax + 1, "a timeout has eight digits at most")
    guard let travelled = Timeout.parse(formatted.span) else {
        preconditionFailure("what was formatted is a timeout")
    }
    precondition(travelled >= min(nanos, Timeout.nanosMax), "a deadline is never early")
    let text = input.rest()
    guard let parsed = Timeout.parse(text.span) else { return }
    precondition(parsed <= Timeout.nanosMax, "no timeout is too long")
    let again = Array(Timeout.format(parsed).utf8)
    guard let reparsed = Timeout.parse(again.span) else {
        preconditionFailure("what was formatted is a timeout")
    }
    precondition(reparsed >= parsed, "a deadline is never early")
}

private func checkPercentEncoding(_ input: inout FuzzInput) {
    let bound = Int(input.byte())
    let bytes = input.rest()
    let decoded = PercentEncoding.decode(bytes.span)
    for text in [String(decoding: bytes, as: UTF8.self), decoded] {
        let encoded = Array(PercentEncoding.encode(text).utf8)
        precondition(encoded.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }, "it is printable ASCII")
        let back = PercentEncoding.decode(encoded.span)
        precondition(back.utf8.elementsEqual(text.utf8), "any text comes back")
        let short = Array(PercentEncoding.encode(text, encodedBytesMax: bound).utf8)
        precondition(short.count <= bound, "the bound holds")
        let start = PercentEncoding.decode(short.span)
        precondition(text.utf8.starts(with: start.utf8), "a cut text is a start of the whole")
    }
}

private func checkBase64(_ bytes: [UInt8]) {
    let text = Array(Base64.encode(bytes.span).utf8)
    precondition(Base64.decode(text.span) == bytes, "any bytes come back")
    let padded = text + [UInt8](repeating: 0x3D, count: (4 - text.count % 4) % 4)
    precondition(Base64.decode(padded.span) == bytes, "with padding too")
    guard let decoded = Base64.decode(bytes.span) else { return }
    precondition(decoded.count <= bytes.count, "decoding does not grow")
    let again = Array(Base64.encode(decoded.span).utf8)
    precondition(Base64.decode(again.span) == decoded, "what was decoded comes back")
}

private func copy(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }
