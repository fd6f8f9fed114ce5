package import LarderIO
package import LarderService

/// The tokens that a server knows: one a line, as the hash of a token and what its bearer may do.
///
///     # SHA-256 of the token, in hexadecimal, then the role
///     9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 write
///     2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae read methods=items,bulk
///
/// `methods` narrows the methods to some groups, `namespaces` to some namespaces (`*` is all).
package struct TokenFile: Sendable, Equatable {
    package static let fileBytesMax = 1 << 20
    package static let tokensMax = 1_024

    package struct Entry: Sendable, Equatable {
        package let digest: SecretDigest
        package let principal: Principal
    }

    /// What is wrong, and in which line, the first being 1.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let line: Int
        package let reason: String

        package var description: String { "line \(line): \(reason)" }
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    /// - Throws: the first line that is wrong. A line's text is never told: it may hold a token.
    package init(parsing text: String) throws(Failure) {
        var number = 0
        var digests: Set<SecretDigest> = []
        // A carriage return and the newline behind it are one character.
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, first.first != "#" else { continue }
            do throws(Wrong) {
                let entry = try Self.entry(words)
                guard digests.insert(entry.digest).inserted else {
                    throw Wrong("the same token stands above")
                }
                guard entries.count < Self.tokensMax else {
                    throw Wrong("more than \(Self.tokensMax) tokens")
                }
                entries.append(entry)
            } catch {
                throw Failure(line: number, reason: error.reason)
            }
        }
    }

    // MARK: One line

    private struct Wrong: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private static func entry(_ words: [Substring]) throws(Wrong) -> Entry {
        guard let digest = SecretDigest(hexadecimal: words[0]) else {
            throw Wrong(
                "it does not begin with a SHA-256 of 64 hexadecimal digits (make one with: larder token)"
            )
        }
        let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
        guard words.count > 1 else { throw Wrong("no role behind the hash: one of \(roles)") }
        guard let role = Role(rawValue: String(words[1])) else {
            throw Wrong("the role is none of \(roles)")
        }
        var groups: Set<MethodGroup>?
        var namespaces: Set<String>?
        var hasNamespaces = false
        for word in words.dropFirst(2) {
            if word.first == "#" { break }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            switch (parts[0], parts.count) {
            case ("methods", 2):
                guard groups == nil else { throw Wrong("methods= is given twice") }
                groups = try self.groups(parts[1])
            case ("namespaces", 2):
                guard !hasNamespaces else { throw Wrong("namespaces= is given twice") }
                hasNamespaces = true
                namespaces = try self.namespaces(parts[1])
            default: throw Wrong("what follows the role is methods=... or namespaces=...")
            }
        }
        return Entry(
            digest: digest,
            principal: Principal(
                role: role, groups: groups ?? Set(MethodGroup.allCases), namespaces: namespaces))
    }

    private static func groups(_ list: Substring) throws(Wrong) -> Set<MethodGroup> {
        var groups: Set<MethodGroup> = []
        for name in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let group = MethodGroup(rawValue: String(name)) else {
                let names = MethodGroup.allCases.map(\.rawValue).joined(separator: ", ")
                throw Wrong("a method group is none of \(names)")
            }
            groups.insert(group)
        }
        return groups
    }

    private static func namespaces(_ list: Substring) throws(Wrong) -> Set<String>? {
        if list == "*" { return nil }
        var names: Set<String> = []
        for name in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard !name.isEmpty, name != "*" else {
                throw Wrong("namespaces are names with commas between them, or * alone")
            }
            names.insert(String(name))
        }
        return names
    }
}
