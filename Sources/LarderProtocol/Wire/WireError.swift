/// Why bytes are not a protobuf message.
package enum WireError: Error, Equatable, Sendable {
    /// The message ends inside a field.
    case truncated
    /// A varint runs past ten bytes, or a length past five.
    case overlongVarint
    /// A field's tag is longer than five bytes or than 32 bits, names field 0, or has wire type 6
    /// or 7.
    case malformedTag
    /// A field says that it is 2 GiB long or longer.
    case lengthTooLarge
    /// A `string` is not UTF-8.
    case invalidUTF8
    /// A group ends that was not begun, or not with its own number.
    case unmatchedGroup
    /// Messages and groups lie in each other more than `WireReader.depthMax` deep.
    case nestedTooDeep
}
