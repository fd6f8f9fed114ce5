import Foundation

/// The seeds of a test that draws at random; LARDER_TEST_SEEDS changes how many for all of them.
enum Seeds {
    static func upTo(_ usual: UInt64) -> Range<UInt64> {
        let variable = ProcessInfo.processInfo.environment["LARDER_TEST_SEEDS"]
        return 0..<(variable.flatMap { UInt64($0) } ?? usual)
    }
}
