/// The name of a request field whose value differs from request to request, so that lists can be
/// known but for it.
package struct VaryingField: Sendable {
    private let name: [UInt8]
    /// As HPACK spells it shortest.
    private let spelt: [UInt8]

    /// Up to 15 lower-case letters, digits and hyphens.
    package init(_ name: String) {
        self.name = Array(name.utf8)
        spelt = ShortCode.spell(name.utf8) ?? []
        precondition(ShortText(self.name.span) != nil, "the name is a short one")
    }

    var nameBytes: Int { name.count }

    func isNamed(_ name: Span<UInt8>) -> Bool {
        guard name.count == self.name.count else { return false }
        for index in name.indices where name[index] != self.name[index] { return false }
        return true
    }

    /// Whether the name is spelt there, in one of the two ways that there are.
    func isNamed(_ text: HeaderText, in block: UnsafeBufferPointer<UInt8>) -> Bool {
        let name = text.isHuffman ? spelt : name
        guard text.count == name.count, text.count > 0 else { return false }
        for index in 0..<text.count where unsafe block[text.at + index] != name[index] {
            return false
        }
        return true
    }
}
