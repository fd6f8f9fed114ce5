/// The bits of a key that decide whether it is sampled, in the upper 16 of the number.
///
/// They depend on the whole hash: shards and tables use its bits as they are, and a sample that
/// fixed some of those would be a sample of shards.
enum SampleBits {
    @inline(__always)
    static func of(_ hash: UInt64) -> UInt64 { hash &* 0x9e37_79b9_7f4a_7c15 }
}
