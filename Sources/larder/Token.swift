import ArgumentParser
import LarderServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `larder token`: makes a token and the line for the server's file of tokens.
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make a token for a client.",
        discussion: """
            The server gets the token's SHA-256 only, a line in its --tokens-file; the client gets \
            the token: larder token --role write --add /etc/larder/tokens > web.token

            After SIGHUP a running server knows it.
            """)

    @Option(help: "read, write or admin.")
    var role = "read"

    @Option(
        help: ArgumentHelp(
            "Only these groups of methods: items, bulk, schema, admin, with commas.",
            valueName: "groups"))
    var methods: String?

    @Option(help: ArgumentHelp("Only these namespaces, with commas.", valueName: "names"))
    var namespaces: String?

    @Option(
        help: ArgumentHelp(
            "Add the line to this file, and print the token alone.", valueName: "file"),
        completion: .file())
    var add: String?

    func run() throws {
        var generator = SystemRandomNumberGenerator()
        let made: NewToken
        do throws(TokenFile.Failure) {
            made = try NewToken(
                role: role, methods: methods, namespaces: namespaces, using: &generator)
        } catch {
            throw CommandFailure(error.reason, exitCode: ExitStatus.usage)
        }
        guard let add else {
            try Terminal.writeLine("token  \(made.token)\nline   \(made.line)")
            return
        }
        try append(made.line, to: add)
        try Terminal.writeLine(made.token)
    }

    private func append(_ line: String, to path: String) throws(CommandFailure) {
        let file = try OpenFile.writing(path, flags: O_RDWR | O_APPEND, permissions: 0o600)
        // A last line without an end must not swallow ours.
        var text = "\(line)\n"
        if try file.seek(0, from: SEEK_END) > 0 {
            try file.seek(-1, from: SEEK_END)
            if try file.read(bytesMax: 1) != Array("\n".utf8) { text = "\n" + text }
        }
        try file.write(Array(text.utf8))
    }
}
