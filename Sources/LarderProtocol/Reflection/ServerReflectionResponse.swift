/// The answer to one question, which comes back with it.
package struct ServerReflectionResponse: MergedMessage {
    /// What was found.
    package enum Answer: Equatable, Sendable {
        case none
        case fileDescriptors(FileDescriptorResponse)
        case extensionNumbers(ExtensionNumberResponse)
        case services(ListServiceResponse)
        case error(ReflectionError)
    }

    /// The host of the question.
    package var validHost: String
    package var originalRequest: ServerReflectionRequest?
    package var answer: Answer

    package init() { self.init(.none, to: nil) }

    /// The answer to `request`.
    package init(_ answer: Answer, to request: ServerReflectionRequest?) {
        validHost = request?.host ?? ""
        originalRequest = request
        self.answer = answer
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): validHost = String(utf8: try reader.stringField())
            case .bytes(2):
                var request = originalRequest ?? ServerReflectionRequest()
                try request.merge(fieldOf: &reader)
                originalRequest = request
            case .bytes(4):
                // Taken out of `answer` while it grows, so that its array is not copied.
                var files = FileDescriptorResponse()
                if case .fileDescriptors(let before) = answer { files = before }
                answer = .none
                try files.merge(fieldOf: &reader)
                answer = .fileDescriptors(files)
            case .bytes(5):
                var numbers = ExtensionNumberResponse()
                if case .extensionNumbers(let before) = answer { numbers = before }
                answer = .none
                try numbers.merge(fieldOf: &reader)
                answer = .extensionNumbers(numbers)
            case .bytes(6):
                var services = ListServiceResponse()
                if case .services(let before) = answer { services = before }
                answer = .none
                try services.merge(fieldOf: &reader)
                answer = .services(services)
            case .bytes(7):
                var error = ReflectionError()
                if case .error(let before) = answer { error = before }
                answer = .none
                try error.merge(fieldOf: &reader)
                answer = .error(error)
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, validHost)
        if let originalRequest {
            writer.message(2) { output in originalRequest.encode(into: &output) }
        }
        switch answer {
        case .none: break
        case .fileDescriptors(let files):
            writer.message(4) { output in files.encode(into: &output) }
        case .extensionNumbers(let numbers):
            writer.message(5) { output in numbers.encode(into: &output) }
        case .services(let services):
            writer.message(6) { output in services.encode(into: &output) }
        case .error(let error): writer.message(7) { output in error.encode(into: &output) }
        }
    }
}
