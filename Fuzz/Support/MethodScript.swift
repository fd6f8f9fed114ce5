/// How the bytes of a `Methods` input are laid out: steps, each begun by one of these.
///
/// A step's byte is its case in the low four bits and an argument in the high ones.
enum MethodStep: UInt8, CaseIterable {
    /// A method's index, then a message: a unary call, or a stream that begins with it.
    case call, callAgain
    /// A method's index: a stream without a message yet.
    case open
    /// A message on the stream that the argument chooses.
    case message, messageAgain
    case halfClose, writable, woken, cancel
    /// The clock goes on by two to the power of a byte.
    case wait
    case expire, setBudget, flush, setHealth
    /// A path, looked up.
    case path
    /// An Export that goes on from the last cursor, with some of its bytes changed.
    case forgedCursor

    static let streamsMax = 4

    init(_ byte: UInt8) { self = Self.allCases[Int(byte & 15)] }

    func byte(_ argument: UInt8 = 0) -> UInt8 { rawValue | argument << 4 }
}
