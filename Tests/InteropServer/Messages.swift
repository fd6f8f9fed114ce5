import LarderProtocol

// The messages of grpc/testing/messages.proto, as far as the tests use them.

/// A payload's bytes. All are of the one type there is, COMPRESSABLE.
struct Payload: MergedMessage {
    var body: [UInt8] = []

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(2): body = copy(try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) { writer.bytes(2, body.span) }
}

/// A `BoolValue`: the test services' own way to tell false from nothing.
struct Choice: MergedMessage {
    var value = false

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): value = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) { writer.bool(1, value) }
}

struct EchoStatus: MergedMessage {
    var code: Int32 = 0
    var message = ""

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): code = try reader.int32()
            case .bytes(2):
                message = String(decoding: copy(try reader.stringField()), as: UTF8.self)
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) {
        writer.int32(1, code)
        writer.string(2, message)
    }
}

struct SimpleRequest: MergedMessage {
    var responseSize: Int32 = 0
    var payload = Payload()
    var responseCompressed: Choice?
    var responseStatus: EchoStatus?
    var expectCompressed: Choice?

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(2): responseSize = try reader.int32()
            case .bytes(3): payload = try Payload(decoding: try reader.bytesField())
            case .bytes(6): responseCompressed = try Choice(decoding: try reader.bytesField())
            case .bytes(7): responseStatus = try EchoStatus(decoding: try reader.bytesField())
            case .bytes(8): expectCompressed = try Choice(decoding: try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) { preconditionFailure("a server only reads it") }
}

/// SimpleResponse, and StreamingOutputCallResponse, which looks the same.
struct PayloadResponse: MergedMessage {
    var payload = Payload()

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() { try reader.skip(tag) }
    }

    func encode(into writer: inout WireWriter) {
        writer.message(1) { payload.encode(into: &$0) }
    }
}

struct StreamingInputCallRequest: MergedMessage {
    var payload = Payload()
    var expectCompressed: Choice?

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): payload = try Payload(decoding: try reader.bytesField())
            case .bytes(2): expectCompressed = try Choice(decoding: try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) { preconditionFailure("a server only reads it") }
}

/// One response that is asked for.
struct ResponseParameters: MergedMessage {
    var size: Int32 = 0
    var intervalMicros: Int32 = 0
    var compressed: Choice?

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): size = try reader.int32()
            case .varint(2): intervalMicros = try reader.int32()
            case .bytes(3): compressed = try Choice(decoding: try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) { preconditionFailure("a server only reads it") }
}

struct StreamingOutputCallRequest: MergedMessage {
    var responses: [ResponseParameters] = []
    var responseStatus: EchoStatus?

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(2):
                responses.append(try ResponseParameters(decoding: try reader.bytesField()))
            case .bytes(7): responseStatus = try EchoStatus(decoding: try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) { preconditionFailure("a server only reads it") }
}

private func copy(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }
