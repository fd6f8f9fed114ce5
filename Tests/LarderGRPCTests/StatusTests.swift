import LarderGRPC
import Testing

@Suite("Status")
struct StatusTests {
    @Test("an OK ends with grpc-status alone")
    func okFields() {
        #expect(names(Status.ok.trailerFields) == ["grpc-status"])
        #expect(value("grpc-status", Status.ok.trailerFields) == "0")
        #expect(Status.ok.isOK)
    }

    @Test("codes travel as decimal numbers and have gRPC's names")
    func codes() {
        #expect(StatusCode.allCases.map(\.rawValue) == Array(0...16))
        for code in StatusCode.allCases {
            #expect(value("grpc-status", Status(code).trailerFields) == String(code.rawValue))
        }
        #expect(StatusCode.resourceExhausted.name == "RESOURCE_EXHAUSTED")
        #expect(StatusCode.internal.rawValue == 13)
        #expect(StatusCode.unauthenticated.rawValue == 16)
    }

    @Test("a message is percent-encoded, details are base64 without padding")
    func errorFields() {
        let status = Status(.invalidArgument, "50% \u{263A}", detailsBytes: [1, 2, 3, 4])
        let fields = status.trailerFields
        #expect(names(fields) == ["grpc-status", "grpc-message", "grpc-status-details-bin"])
        #expect(value("grpc-message", fields) == "50%25 %E2%98%BA")
        #expect(value("grpc-status-details-bin", fields) == "AQIDBA")
    }

    @Test("a message is cut to the bound, never inside an escape or a character")
    func longMessage() {
        let status = Status(.unknown, "ab" + String(repeating: "\u{1F608}", count: 500))
        let text = value("grpc-message", status.trailerFields) ?? ""
        #expect(text.utf8.count == 2 + 85 * 12)
        #expect(text.hasSuffix("%88"))
        #expect(text.utf8.count <= Status.messageBytesMax)
    }

    @Test("an answer of trailers only says HTTP 200, the type, the encodings, then the status")
    func trailersOnly() {
        let fields = Status(.unimplemented, "no").trailersOnlyFields()
        #expect(
            names(fields) == [
                ":status", "content-type", "grpc-accept-encoding", "grpc-status", "grpc-message",
            ])
        #expect(value(":status", fields) == "200")
        #expect(value("content-type", fields) == "application/grpc")
        #expect(value("grpc-accept-encoding", fields) == FieldValue.acceptedEncodings)
        #expect(value("grpc-status", fields) == "12")
    }

    @Test("response headers carry no status of the call")
    func responseHeaders() {
        #expect(
            names(ResponseFields.ok()) == [":status", "content-type", "grpc-accept-encoding"])
    }

    @Test("statuses are equal by what they say")
    func equality() {
        let one = Status(.aborted, "a", reason: "R", metadata: [(key: "limit", value: "1")])
        let same = Status(.aborted, "a", reason: "R", metadata: [(key: "limit", value: "1")])
        #expect(one == same)
        #expect(one != Status(.aborted, "a", reason: "R", metadata: [(key: "limit", value: "2")]))
        #expect(one != Status(.aborted, "a", reason: "R"))
        #expect(one != Status(.aborted, "b", reason: "R", metadata: one.metadata))
        #expect(one != Status(.dataLoss, "a", reason: "R", metadata: one.metadata))
        #expect(one != one.with(detailsBytes: [1]))
        #expect(Status(.ok) == .ok)
        #expect(Status(.aborted) != Status(.aborted, "a"))
    }

    @Test("details are added without touching the rest")
    func addingDetails() {
        let plain = Status(.aborted, "a", reason: "R", metadata: [(key: "value", value: "9")])
        let full = plain.with(detailsBytes: [7])
        #expect(full.message == "a")
        #expect(full.reason == "R")
        #expect(full.metadata.map(\.value) == ["9"])
        #expect(full.detailsBytes == [7])
    }

    @Test("an unknown method tells its path back, encoded")
    func unknownMethod() {
        let path = Array("/a b/%53et\u{E9}".utf8) + [0xFF]
        let status = Status.unknownMethod(path: path.span)
        #expect(status.code == .unimplemented)
        let text = value("grpc-message", status.trailerFields)
        #expect(text == "no such method: /a b/%2553et%C3%A9%EF%BF%BD")
    }

    @Test("each way of broken framing has its code")
    func deframeErrors() {
        let tooLarge = Status(.messageTooLarge(announcedBytes: 9, limitBytes: 8))
        #expect(tooLarge.code == .resourceExhausted)
        #expect(tooLarge.reason == "MESSAGE_TOO_LARGE")
        #expect(tooLarge.metadata.map(\.key) == ["limit", "value"])
        #expect(tooLarge.metadata.map(\.value) == ["8", "9"])
        #expect(Status(.compressedWithoutEncoding).code == .internal)
        #expect(Status(.unknownFlag(7)).code == .internal)
        #expect(Status(DeframeError.truncated).code == .internal)
    }
}

func names(_ fields: [Field]) -> [String] { fields.map(\.name) }

func value(_ name: String, _ fields: [Field]) -> String? {
    fields.first { $0.name == name }?.value
}
