import ArgumentParser
import LarderServer

/// The command line: one verb for the server, others for its clients.
@main
struct Larder: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "larder",
        abstract: "An in-memory cache, spoken to with plain gRPC.",
        discussion: """
            Exit codes: 0 done, 1 a miss or something not stored, 2 the call failed, 3 cannot \
            connect, 64 a wrong command line, 65 malformed input, 66 a file that cannot be read, \
            70 a fault of larder itself, 71 the system refuses something needed (an address in \
            use), 73 a file that cannot be written, 78 a wrong configuration.
            """,
        version: Version.current,
        subcommands: [
            Serve.self, Get.self, SetCommand.self, Delete.self, Load.self, Export.self, Health.self,
            LimitsCommand.self, Simulate.self, Admin.self, Token.self,
        ])

    static func main() async {
        StandardStreams.fillClosed()
        ClosedPipe.noteStart()
        do {
            try checkEncoding()
            try checkCommand(CommandLine.arguments.dropFirst())
            var command = try await asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Refuses arguments that are not UTF-8: repaired, two of them could be the same key.
    private static func checkEncoding() throws(CommandFailure) {
        for index in stride(from: 1, to: Int(CommandLine.argc), by: 1) {
            guard let text = unsafe CommandLine.unsafeArgv[index] else { return }
            guard unsafe String(validatingCString: text) == nil else { continue }
            throw CommandFailure(
                "argument \(index) is not UTF-8: bytes of a key are written with --hex, of a value given "
                    + "with --file",
                exitCode: ExitStatus.usage)
        }
    }

    /// Refuses `larder NAME` and `larder help NAME` for what is no command: by itself the one would
    /// be an argument too many, and the other as without a name.
    private static func checkCommand(_ arguments: ArraySlice<String>) throws(CommandFailure) {
        let isHelp = arguments.first == "help"
        var commands = configuration.subcommands
        for name in isHelp ? arguments.dropFirst() : arguments {
            let isOption = name.hasPrefix("-")
            if isOption, isHelp { continue }
            // What follows the last name, or an option, is the command's own.
            if !isHelp, isOption || commands.isEmpty { return }
            guard let named = commands.first(where: { $0.configuration.commandName == name }) else {
                throw CommandFailure(
                    "\(isHelp ? "help: " : "")\(OneLine.quoted(name)) is no command",
                    exitCode: ExitStatus.usage)
            }
            commands = named.configuration.subcommands
        }
    }

    /// Ends the process: help and the like as they are, everything else as one line.
    private static func end(with error: any Error) -> Never {
        if let failure = error as? CommandFailure {
            failure.end()
        }
        let code = exitCode(for: error)
        let message = message(for: error)
        if code == .success {
            do throws(CommandFailure) {
                let text = fullMessage(for: error)
                if !text.isEmpty { try Terminal.writeLine(text) }
            } catch {
                error.end()
            }
            exit()
        }
        guard !(error is ExitCode), !message.isEmpty else { exit(withError: error) }
        CommandFailure(
            OneLine.joined(message.prefix(1).lowercased() + message.dropFirst()),
            exitCode: code.rawValue
        ).end()
    }
}
