/// What a header block says, spelt so that it depends neither on how far the decoder's table has
/// moved nor on the value of the one field that may differ (`SessionOptions.varyingField`).
///
/// Two blocks with the same key are the same list but for that value.
@safe
struct BlockKey: ~Copyable {
    /// Blocks with a longer key are not kept.
    static let bytesMax = 512

    // A field of the static table is its own byte, and a field that is spelt its own bytes, the
    // first of them a lower one. The others begin with bytes that no field of the static table is.
    private static let tableTag: UInt8 = 0xFF
    private static let tableNameTag: UInt8 = 0xFE
    private static let varyingTag: UInt8 = 0xFD

    // Taken with the first block.
    private var base: UnsafeMutablePointer<UInt8>?
    private var count = 0
    private let varyingField: VaryingField?

    /// The whole block has been spelt; nothing but the field that may differ is added to the table.
    private(set) var isWhole = false
    /// Every field of the table that it names is known, and there.
    private(set) var isSure = false
    /// The block adds to the table, or may.
    private(set) var isAdding = false
    /// The field that may differ.
    private(set) var varying: ShortText?
    /// Where it stands in the block, if it is added to the table.
    private(set) var addedVarying: Range<Int>?

    init(varyingField: VaryingField?) { self.varyingField = varyingField }

    deinit { unsafe base?.deallocate() }

    mutating func letGo() {
        unsafe base?.deallocate()
        unsafe base = nil
        count = 0
        isWhole = false
    }

    var bytes: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: base, count: count) }

    /// What the field that may differ takes in the decoder's table.
    var varyingBytes: Int {
        AddedFields.bytes(name: varyingField?.nameBytes ?? 0, value: varying?.count ?? 0)
    }

    func isVaryingName(_ name: Span<UInt8>) -> Bool {
        varyingField?.isNamed(name) ?? false
    }

    /// Spells a block that the decoder gets next.
    ///
    /// - Returns: false if it was not understood.
    mutating func spell(
        _ block: UnsafeBufferPointer<UInt8>, _ added: borrowing AddedFields
    ) -> Bool {
        if unsafe base == nil { unsafe base = .allocate(capacity: Self.bytesMax) }
        count = 0
        isWhole = false
        isSure = true
        isAdding = true
        varying = nil
        addedVarying = nil
        var walk = unsafe HeaderBlockWalk(block)
        while !walk.isOver {
            if let index = walk.nextShortIndex() {
                guard spell(index: index, added) else { return true }
                continue
            }
            guard let field = walk.next() else { return false }
            // What comes behind a field that has no place in a key is not looked at.
            guard unsafe spell(field, of: block, added) else { return true }
        }
        isWhole = true
        isAdding = addedVarying != nil
        return true
    }

    /// False: the block can have no key.
    private mutating func spell(
        _ field: HeaderRepresentation, of block: UnsafeBufferPointer<UInt8>,
        _ added: borrowing AddedFields
    ) -> Bool {
        if field.kind == .indexed { return spell(index: field.index, added) }
        guard field.isDynamic else {
            if let varyingField, field.index == 0,
                unsafe varyingField.isNamed(field.name, in: block)
            {
                return unsafe takeVarying(field, of: block)
            }
            return unsafe field.kind == .spelt && put(block.extracting(field.start..<field.end))
        }
        let (number, isThere) = look(index: field.index, added)
        if isThere, added.varying(number) != nil { return unsafe takeVarying(field, of: block) }
        return unsafe field.kind == .spelt && put(Self.tableNameTag, number)
            && put(block.extracting(field.valueStart..<field.end))
    }

    /// A field of the tables.
    @inline(__always)
    private mutating func spell(index: Int, _ added: borrowing AddedFields) -> Bool {
        guard index >= HeaderRepresentation.newestIndex else { return put(UInt8(0x80 | index)) }
        let (number, isThere) = look(index: index, added)
        if isThere, let value = added.varying(number) { return take(value) }
        return put(Self.tableTag, number)
    }

    /// The number of a field of the decoder's table, and whether it is surely there.
    @inline(__always)
    private mutating func look(
        index: Int, _ added: borrowing AddedFields
    ) -> (number: Int, isThere: Bool) {
        let newCount = addedVarying == nil ? 0 : 1
        let number = added.number(index: index, newCount: newCount)
        let isThere = added.isThere(number, newBytes: newCount * varyingBytes)
        if !isThere { isSure = false }
        return (number, isThere)
    }

    private mutating func takeVarying(
        _ field: HeaderRepresentation, of block: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard let value = unsafe ShortText(block, field.value), take(value) else { return false }
        if field.kind == .added { addedVarying = field.start..<field.end }
        return field.end - field.start <= TableAddition.fieldBytesMax
    }

    private mutating func take(_ value: ShortText) -> Bool {
        guard varying == nil else { return false }
        varying = value
        return put(Self.varyingTag)
    }

    private mutating func put(_ byte: UInt8) -> Bool {
        guard let base = unsafe base, count < Self.bytesMax else { return false }
        unsafe base[count] = byte
        count += 1
        return true
    }

    private mutating func put(_ tag: UInt8, _ number: Int) -> Bool {
        let numberBytes = MemoryLayout<Int>.size
        guard let base = unsafe base, count + numberBytes < Self.bytesMax else { return false }
        unsafe base[count] = tag
        unsafe UnsafeMutableRawPointer(base + count + 1).storeBytes(of: number, as: Int.self)
        count += 1 + numberBytes
        return true
    }

    private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = unsafe base, let source = bytes.baseAddress,
            bytes.count <= Self.bytesMax - count
        else { return false }
        unsafe (base + count).update(from: source, count: bytes.count)
        count += bytes.count
        return true
    }
}
