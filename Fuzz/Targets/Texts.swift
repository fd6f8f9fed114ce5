// What people write into flags, variables and configuration files: sizes, times, addresses. Input: a
// choice and the text. What is read and written again reads the same.

import LarderIO
import LarderServer

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let choice = input.choice(of: 4)
    let text = String(decoding: input.rest(), as: UTF8.self)
    switch choice {
    case 0:
        guard let size = ByteSize(parsing: text) else { return 0 }
        precondition(ByteSize(parsing: "\(size)") == size, "a size reads as it was written")
    case 1:
        guard let amount = TimeAmount(parsing: text) else { return 0 }
        precondition(TimeAmount(parsing: "\(amount)") == amount, "a time reads as it was written")
    case 2:
        guard let address = try? SocketAddress(parsing: text) else { return 0 }
        _ = address.isLoopback
        precondition(
            (try? SocketAddress(parsing: "\(address)")) == address,
            "an address reads as it was written")
    default:
        let line = OneLine.text(text)
        precondition(line.utf8.count <= OneLine.bytesMax + 3, "a line is short")
        precondition(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a line is one line")
        _ = Suggestion.nearest(to: text, among: ["listen", "memory", "log.level"])
    }
    return 0
}
