// The head of a request to the ops port. Input: how the bytes are torn, then the bytes. Torn or
// whole, they read the same.

import LarderServer

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let pieceBytes = Int(input.byte()) + 1
    let bytes = input.rest()
    var whole = OpsRequestReader()
    let reading = whole.read(bytes.span)

    var torn = OpsRequestReader()
    var tornReading = OpsRequestReader.Reading.incomplete
    var offset = 0
    while offset < bytes.count, tornReading == .incomplete {
        let end = min(offset + pieceBytes, bytes.count)
        tornReading = torn.read(bytes.span.extracting(offset..<end))
        offset = end
    }
    precondition(tornReading == reading, "a head may come in any pieces")

    switch reading {
    case .incomplete: precondition(bytes.count <= OpsRequestReader.headBytesMax)
    case .tooLong: precondition(bytes.count > OpsRequestReader.headBytesMax)
    case .malformed: break
    case .request(let request):
        precondition(!request.method.isEmpty && request.path.utf8.first == 0x2F)
        precondition(!request.path.utf8.contains { $0 <= 0x20 || $0 >= 0x7F || $0 == 0x3F })
    }
    return 0
}
