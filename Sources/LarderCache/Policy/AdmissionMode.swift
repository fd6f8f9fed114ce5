/// How a newcomer is weighed against the main region's victim.
package enum AdmissionMode: Hashable, Sendable, CaseIterable {
    /// Whoever stands lower goes: good where popularity changes slowly.
    case natural
    /// The newcomer must be worth more than the victim is now: good against scans and loops.
    case strict
    /// Everything is worth the same, so age decides: good where items die young.
    case recency
}
