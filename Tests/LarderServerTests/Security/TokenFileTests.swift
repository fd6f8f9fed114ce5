import LarderIO
import LarderServer
import LarderService
import Testing

@Suite("The file of tokens")
struct TokenFileTests {
    private static let hash = String(repeating: "ab", count: 32)
    private static let other = String(repeating: "CD", count: 32)

    private func failure(_ text: String) -> TokenFile.Failure? {
        do throws(TokenFile.Failure) { _ = try TokenFile(parsing: text) } catch { return error }
        return nil
    }

    @Test("a line is a hash, a role and what narrows it")
    func lines() throws {
        let file = try TokenFile(
            parsing: """
                # a comment

                \(Self.hash) read
                \t\(Self.other)   write  methods=items,bulk namespaces=default,logs # whose it is\r
                """)
        #expect(file.entries.count == 2)
        #expect(file.entries[0].principal == Principal(role: .read))
        #expect(
            file.entries[1].principal
                == Principal(
                    role: .write, groups: [.items, .bulk], namespaces: ["default", "logs"]))
        #expect(
            try TokenFile(parsing: "\(Self.hash) admin namespaces=*").entries[0].principal
                == Principal(role: .admin))
        #expect(try TokenFile(parsing: "").entries.isEmpty)
    }

    @Test(
        "what is wrong is told with the line's number, and never with its text",
        arguments: [
            ("secret-token write", 1, "SHA-256"),
            ("\n\n\(hash)0 write", 3, "SHA-256"),
            ("\(hash)", 1, "no role"),
            ("# x\r\n\(hash) king", 2, "none of read, write, admin"),
            ("\(hash) write secret-token", 1, "methods="),
            ("\(hash) write methods=items,everything", 1, "group"),
            ("\(hash) write methods=", 1, "group"),
            ("\(hash) write methods=items methods=bulk", 1, "twice"),
            ("\(hash) write namespaces=", 1, "namespaces"),
            ("\(hash) write namespaces=a,*", 1, "namespaces"),
            ("\(hash) write\n\(hash) read", 2, "above"),
            (hash.uppercased() + " read\n" + hash + " read", 2, "above"),
        ])
    func wrong(text: String, line: Int, words: String) {
        let failure = failure(text)
        #expect(failure?.line == line)
        #expect(failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
        #expect(failure?.description.contains("secret-token") == false)
        #expect(failure?.description.contains(Self.hash) == false)
    }

    @Test("no more tokens than a look through them may take")
    func tooMany() {
        let lines = (0...TokenFile.tokensMax).map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 64 - digits.count) + digits + " read"
        }
        #expect(failure(lines.dropLast().joined(separator: "\n")) == nil)
        #expect(failure(lines.joined(separator: "\n"))?.line == TokenFile.tokensMax + 1)
    }

    @Test("a new token's line is the token's")
    func newToken() throws {
        var generator = SeededGenerator(seed: 5)
        let made = try NewToken(
            role: "write", methods: "items", namespaces: nil, using: &generator)
        let file = try TokenFile(parsing: made.line)
        let token = Array(made.token.utf8)
        let digest = SecretDigest(of: token.span)
        #expect(file.entries[0].digest.matches(digest))
        #expect(!made.line.contains(made.token))
        let next = try NewToken(role: "write", methods: nil, namespaces: nil, using: &generator)
        #expect(next.token != made.token)
        #expect(next.token.utf8.count == made.token.utf8.count)
    }
}
