import LarderProtocol

/// The names under which the fields of an entry are looked for in a table's header or in a JSON
/// object. A name followed by `_hex` or `_base64` holds the same bytes so encoded.
package struct FieldNames: Equatable, Sendable {
    package var key: String
    package var value: String

    package init(key: String = "key", value: String = "value") {
        self.key = key
        self.value = value
    }
}

/// The names that a reader looks for, spelt out once.
struct FieldTable: Sendable {
    private let rows: [(name: [UInt8], field: EntryField)]

    init(_ names: FieldNames) {
        let rows: [(String, EntryField)] = [
            (names.key, .key(.text)), ("\(names.key)_hex", .key(.hex)),
            ("\(names.key)_base64", .key(.base64)),
            (names.value, .value(.text)), ("\(names.value)_hex", .value(.hex)),
            ("\(names.value)_base64", .value(.base64)),
            ("ttl_millis", .ttlMillis), ("idle_millis", .idleMillis), ("flags", .flags),
            ("version", .version),
        ]
        self.rows = rows.map { (Array($0.0.utf8), $0.1) }
    }

    /// The field that a column or member is, or nil for one that is not looked at.
    func field(named name: [UInt8]) -> EntryField? {
        for row in rows where row.name == name { return row.field }
        return nil
    }
}

/// A field of an entry as text formats name it.
enum EntryField: Equatable, Sendable {
    case key(BytesEncoding)
    case value(BytesEncoding)
    case ttlMillis
    case idleMillis
    case flags
    case version
}

enum BytesEncoding: Equatable, Sendable {
    case text, hex, base64

    func decode(_ text: [UInt8], of name: String) throws(DraftError) -> [UInt8] {
        switch self {
        case .text: return text
        case .hex:
            guard let bytes = Hex.decode(text) else {
                throw DraftError("\(name)_hex is not an even number of hexadecimal digits")
            }
            return bytes
        case .base64:
            guard let bytes = Base64Text.decode(text) else {
                throw DraftError("\(name)_base64 is not base64")
            }
            return bytes
        }
    }
}

/// What is wrong with one record; the reader adds where it stands.
struct DraftError: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// An entry being put together from named fields.
struct EntryDraft {
    private var entry = Entry()
    private var hasKey = false
    private var hasValue = false

    mutating func set(_ field: EntryField, toText text: [UInt8]) throws(DraftError) {
        switch field {
        case .key(let encoding): try setKey(encoding.decode(text, of: "key"))
        case .value(let encoding): try setValue(encoding.decode(text, of: "value"))
        case .ttlMillis, .idleMillis, .flags, .version:
            guard let number = Decimal.parse(text.span) else {
                throw DraftError("\(field) is not \(Decimal.words)")
            }
            try set(field, toNumber: number)
        }
    }

    mutating func set(_ field: EntryField, toNumber number: UInt64) throws(DraftError) {
        switch field {
        case .ttlMillis: entry.head.ttlMillis = number
        case .idleMillis: entry.head.idleMillis = number
        case .version: entry.head.version = number
        case .flags:
            guard let flags = UInt32(exactly: number) else {
                throw DraftError("flags of \(number) is over the limit of \(UInt32.max)")
            }
            entry.head.flags = flags
        case .key, .value:
            throw DraftError("\(field) is not a number")
        }
    }

    mutating func setKey(_ bytes: [UInt8]) throws(DraftError) {
        guard !hasKey else { throw DraftError("the key is given twice") }
        guard !bytes.isEmpty else { throw DraftError("the key is empty") }
        hasKey = true
        entry.key = bytes
    }

    mutating func setValue(_ bytes: [UInt8]) throws(DraftError) {
        guard !hasValue else { throw DraftError("the value is given twice") }
        hasValue = true
        entry.value = bytes
    }

    consuming func finished(names: FieldNames) throws(DraftError) -> Entry {
        guard hasKey else { throw DraftError("there is no \"\(names.key)\"") }
        guard hasValue else { throw DraftError("there is no \"\(names.value)\"") }
        return entry
    }
}

extension EntryField: CustomStringConvertible {
    var description: String {
        switch self {
        case .key: "key"
        case .value: "value"
        case .ttlMillis: "ttl_millis"
        case .idleMillis: "idle_millis"
        case .flags: "flags"
        case .version: "version"
        }
    }
}

/// Whole numbers in decimal digits.
enum Decimal {
    /// What `parse` takes, in words.
    static let words = "a whole number from 0 to \(UInt64.max)"

    /// nil unless `text` is one or more digits that fit in 64 bits.
    static func parse(_ text: Span<UInt8>) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var number: UInt64 = 0
        for index in text.indices {
            let byte = text[index]
            guard byte >= Ascii.zero, byte <= Ascii.nine else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - Ascii.zero))
            guard !overflow, !carry else { return nil }
            number = sum
        }
        return number
    }
}
