/// Asks for the settings of a server.
package struct GetConfigRequest: MergedMessage {
    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() { try reader.skip(tag) }
    }

    package func encode(into writer: inout WireWriter) {}
}

/// The settings of a server.
package struct GetConfigResponse: MergedMessage {
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

/// One setting, its value and where it comes from: the message `Setting`.
package struct ConfigSetting: MergedMessage {
    /// As in the configuration file: "cache.memory".
    package var name = ""
    package var value = ""
    package var defaultValue = ""
    /// "default", "file", "environment", "flag", "api".
    package var source = ""
    package var live = false
    package var help = ""

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try reader.stringField())
            case .bytes(2): value = String(utf8: try reader.stringField())
            case .bytes(3): defaultValue = String(utf8: try reader.stringField())
            case .bytes(4): source = String(utf8: try reader.stringField())
            case .varint(5): live = try reader.bool()
            case .bytes(6): help = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, name)
        writer.string(2, value)
        writer.string(3, defaultValue)
        writer.string(4, source)
        writer.bool(5, live)
        writer.string(6, help)
    }
}
