/// How many of the sample's requests the policy looks at: all of them while there is something to
/// decide, one in sixteen otherwise.
///
/// A decision is made about newcomers only. Where the same few keys are read over and over, and
/// nothing new comes, every further request tells what is known.
package struct LearningPace: Sendable {
    // What is left out is left out for all modes and all keys alike, and the sample's sketch ages
    // with what it counts: so it only learns more slowly. Requests go by turns of their shards
    // and not by hash, since which keys are sampled is chosen already.
    /// The bits of a turn, below those of `SampleBits`.
    package static let turnBits: UInt64 = 0xf
    /// Requests of the sample for each of its newcomers.
    package static let requestsPerNewcomer = 256
    /// Requests that may be left for later.
    package static let requestsMax = 4096

    /// Requests that are looked at before only some are.
    private var requestsLeft = requestsMax

    package init() {}

    /// The bits that have to be 0 in the turns of the requests that are looked at.
    package var turns: UInt64 { requestsLeft == 0 ? Self.turnBits : 0 }

    package mutating func noteRequest() {
        if requestsLeft > 0 { requestsLeft -= 1 }
    }

    package mutating func noteNewcomer() {
        requestsLeft = min(requestsLeft + Self.requestsPerNewcomer, Self.requestsMax)
    }

    /// The turn of a request of this number. Spread as the golden ratio spreads them, so that no
    /// key of a round of 16 keys has all the turns.
    @inline(__always)
    package static func turn(_ number: UInt64) -> UInt64 {
        (number &* 0x9e37_79b9_7f4a_7c15) &>> 60
    }
}
