/// Asks for other values of settings.
package struct UpdateConfigRequest: MergedMessage {
    /// Decoded: sorted by name, and each name is there once.
    package var settings: [UpdateConfigEntry] = []

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): settings.append(try UpdateConfigEntry(mapEntryOf: &reader))
            default: try reader.skip(tag)
            }
        }
        settings.keepLastOfEachKey()
    }

    package func encode(into writer: inout WireWriter) {
        for element in settings {
            writer.message(1) { output in element.encode(into: &output) }
        }
    }
}

/// A setting's name and the value that it is to have.
package struct UpdateConfigEntry: WireMapEntry, Equatable, Sendable {
    package var name = ""
    package var value = ""

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    init() {}

    var key: String { name }

    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try reader.stringField())
            case .bytes(2): value = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    func encode(into writer: inout WireWriter) {
        writer.string(1, always: name)
        writer.string(2, always: value)
    }
}

/// The settings that were changed.
package struct UpdateConfigResponse: MergedMessage {
    package var settings: [ConfigSetting] = []

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var element = ConfigSetting()
                try element.merge(fieldOf: &reader)
                settings.append(element)
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        for element in settings {
            writer.message(1) { output in element.encode(into: &output) }
        }
    }
}
