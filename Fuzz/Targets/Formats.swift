// The files that people load: JSON lines, comma- and tab-separated text, export files, and traces.
// Input: the format and the bytes of a piece, then the file. In pieces and whole it must mean the
// same.
//
// The readers have no API outside their rooms: their files are built into this target.

import LarderProtocol

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let choice = input.choice(of: InputFormat.allCases.count + TraceFormat.allCases.count)
    let pieceBytes = 1 + Int(input.byte())
    let file = input.rest()
    if choice < InputFormat.allCases.count {
        let format = InputFormat.allCases[choice]
        let whole = readEntries(format, file, pieceBytes: max(1, file.count))
        let torn = readEntries(format, file, pieceBytes: pieceBytes)
        precondition(whole == torn, "the pieces make no difference")
        _ = InputFormat.detect(firstBytes: file, fileName: nil)
    } else {
        let format = TraceFormat.allCases[choice - InputFormat.allCases.count]
        let whole = readTrace(format, file, pieceBytes: max(1, file.count))
        let torn = readTrace(format, file, pieceBytes: pieceBytes)
        precondition(whole == torn, "the pieces make no difference")
    }
    return 0
}

// MARK: Entries

private struct Entries: Equatable {
    var entries: [Entry] = []
    var errors: [InputError] = []
}

private func readEntries(_ format: InputFormat, _ file: [UInt8], pieceBytes: Int) -> Entries {
    var reader = RecordReader(format)
    var read = Entries()
    var entry = Entry()
    var offset = 0
    while true {
        let step: ReadStep
        do throws(InputError) {
            step = try reader.next(&entry)
        } catch {
            read.errors.append(error)
            guard error.canGoOn else { return read }
            precondition(read.errors.count <= file.count + 1, "every error takes a record")
            continue
        }
        switch step {
        case .entry:
            read.entries.append(entry)
            precondition(read.entries.count <= file.count, "every entry takes bytes")
        case .end: return read
        case .needsInput:
            let end = min(file.count, offset + pieceBytes)
            if offset == file.count {
                reader.finish()
            } else {
                reader.append(Array(file[offset..<end]))
            }
            offset = end
        }
    }
}

// MARK: Traces

private struct TraceRead: Equatable {
    var requests: [UInt32] = []
    var sizes: [UInt32] = []
    var isMalformed = false
}

private func readTrace(_ format: TraceFormat, _ file: [UInt8], pieceBytes: Int) -> TraceRead {
    var records = TraceRecords(format: format, path: "trace")
    var trace = Trace(name: "trace")
    var read = TraceRead()
    do throws(CommandFailure) {
        var offset = 0
        while offset < file.count {
            let end = min(file.count, offset + pieceBytes)
            try records.take(file[offset..<end].span, to: &trace)
            offset = end
        }
        try records.finish(to: &trace)
        read.requests = trace.requests
        read.sizes = trace.sizes
    } catch {
        read.isMalformed = true
    }
    return read
}

/// What a command says when it fails: here it ends nothing.
struct CommandFailure: Error {
    init(_ line: String, exitCode: Int32) {}
}

enum ClientExit {
    static let malformedInput: Int32 = 65
}
