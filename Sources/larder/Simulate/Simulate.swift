import ArgumentParser
import LarderCache
import LarderServer
import Synchronization

/// `larder simulate`: replays traces through the cache itself and prints miss ratios.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Replay traces through the cache; print miss ratios.",
        discussion: """
            A request is a Get, and on a miss a Set of the size that the trace tells. A budget is \
            bytes, takes the units of larder serve, or is a share of the trace's unique bytes: \
            1%. No memory is taken for values.

            Traces, plain or packed with zstd: records of 16 bytes {u32 seconds, u64 key, u32 \
            size}, little-endian; libCacheSim's oracleGeneral (24 bytes); CSV with the fields \
            time,key,size.

            Exit codes: 0 done, 64 a wrong command line, 65 a malformed trace, 66 an unreadable \
            one.
            """)

    @Argument(help: "The traces.", completion: .file())
    var traces: [String]

    @Option(
        help: ArgumentHelp("Budgets, with commas between them.", valueName: "size,..."),
        transform: {
            try Self.list($0, "a size or a share of 100%", SimulationBudget.init(parsing:))
        })
    var budget: [SimulationBudget]

    @Option(
        help: ArgumentHelp(
            "larder, lru; several with commas between them.", valueName: "policy,..."),
        transform: { try Self.list($0, "one of larder and lru", Replay.Contender.init(rawValue:)) })
    var policy: [Replay.Contender] = [.larder]

    @Option(
        help: ArgumentHelp(
            "What a miss costs: object, balanced, bytes, or the bytes that cost as much as a "
                + "request.", valueName: "cost"),
        transform: Self.missCost)
    var missCost: MissCost = .balanced

    @Option(help: "What an entry counts: size (the trace's) or real (the server's).")
    var charge: Replay.Charge = .size

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The shards of the cache, a power of two. (default: \(shardsDefault))",
            valueName: "count"),
        transform: OptionValue.number(1...Self.shardsMax))
    var shards = Self.shardsDefault

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of the cache's hash: with the same number, as with the default, every run is the same.",
            valueName: "number"),
        transform: OptionValue.number())
    var seed: UInt64 = 0x6c61_7264_6572

    @Option(help: "How traces are read: auto (by name), larder, oracle or csv.")
    var format = TraceFormat.auto

    @Option(name: [.customShort("o"), .customLong("output")], help: "text, json or csv.")
    var form = SimulationReport.Form.text

    @Option(help: ArgumentHelp("Draw the miss-ratio curves.", valueName: "file.svg"))
    var plot: String?

    @Flag(name: .customLong("no-progress"), help: "Draw no progress bar.")
    var hidesProgress = false

    private static let shardsDefault = 64
    private static let shardsMax = 4096

    func validate() throws {
        guard shards & (shards - 1) == 0 else {
            throw ValidationError("--shards: \(shards) is not a power of two")
        }
    }

    func run() async throws {
        guard Cache.systemHasAddresses else {
            throw CommandFailure(
                "the system does not grant the address space of a cache (ulimit -v)",
                exitCode: ExitStatus.systemFault)
        }
        let progress = Progress(cellCount: traces.count * budget.count * policy.count)
        let bar = ProgressBar(isWanted: !hidesProgress) { progress.line }
        var cells: [SimulationReport.Cell] = []
        var failure: CommandFailure?
        do throws(CommandFailure) {
            try replayAll(progress, &cells)
        } catch {
            failure = error
        }
        await bar.end()
        if let failure { throw failure }
        if let plot { try draw(cells, to: plot) }
    }

    private func replayAll(
        _ progress: Progress, _ cells: inout [SimulationReport.Cell]
    ) throws(CommandFailure) {
        // A name that is wrong is told at once, not after hours of replaying the others.
        for path in traces { try OpenFile.checkReadable(path) }
        if let plot { try OpenFile.checkWritable(plot) }
        var header = SimulationReport.header(form)
        for (path, name) in zip(traces, TraceNames.names(of: traces)) {
            let trace = try TraceReader.read(path: path, name: name, format: format)
            if let line = header.take() { try Terminal.writeLine(line) }
            for budget in budget {
                for contender in policy {
                    let replay = Replay(
                        contender: contender, charge: charge, missCost: missCost,
                        shardCount: shards, seed: seed, budgetBytes: budget.bytes(of: trace))
                    progress.began(trace.name, requests: trace.requests.count)
                    let result = replay.run(trace) { progress.reached($0) }
                    progress.ended()
                    let cell = SimulationReport.Cell(
                        trace: trace.name, policy: contender.rawValue,
                        share: budget.share(of: trace), budgetBytes: replay.budgetBytes,
                        result: result)
                    cells.append(cell)
                    try Terminal.writeLine(SimulationReport.line(cell, form))
                }
            }
        }
    }

    private func draw(
        _ cells: [SimulationReport.Cell], to path: String
    ) throws(CommandFailure) {
        try OpenFile.writing(path).write(Array(MissRatioPlot(cells: cells).svg.utf8))
    }

    // MARK: arguments

    private static func list<Element>(
        _ text: String, _ what: String, _ element: (String) -> Element?
    ) throws -> [Element] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let parsed = element(String(part)) else {
                throw ValidationError("'\(part)' is not \(what)")
            }
            return parsed
        }
    }

    private static func missCost(_ text: String) throws -> MissCost {
        guard let cost = MissCost(parsing: text) else {
            throw ValidationError("'\(text)' is not object, balanced, bytes or a size")
        }
        return cost
    }
}

extension Replay.Charge: ExpressibleByArgument {}
extension SimulationReport.Form: ExpressibleByArgument {}

extension MissCost {
    /// `object`, `balanced`, `bytes`, or a size.
    init?(parsing text: String) {
        switch text {
        case "object": self = .object
        case "balanced": self = .balanced
        case "bytes": self = .bytes
        default:
            guard let size = ByteSize(parsing: text), size.bytes > 0 else { return nil }
            self = .kappa(bytes: size.bytes)
        }
    }
}

/// How far a simulation has come.
private final class Progress: Sendable {
    private struct State: Sendable {
        var trace = ""
        var cellsDone = 0
        var requests = 0
        var requestsDone = 0
    }

    private let cellCount: Int
    private let state = Mutex(State())

    init(cellCount: Int) {
        self.cellCount = cellCount
    }

    func began(_ trace: String, requests: Int) {
        state.withLock { state in
            state.trace = trace
            state.requests = requests
            state.requestsDone = 0
        }
    }

    func reached(_ requests: Int) { state.withLock { $0.requestsDone = requests } }

    func ended() {
        state.withLock { state in
            state.cellsDone += 1
            state.requestsDone = 0
        }
    }

    var line: String {
        let state = state.withLock { $0 }
        let thousandths = 1000 * state.requestsDone / max(state.requests, 1)
        let bar = ProgressBar.bar(
            UInt64(state.cellsDone * 1000 + thousandths), of: UInt64(cellCount * 1000))
        return bar + "\(state.trace)  \(state.cellsDone) of \(cellCount)"
    }
}

extension TraceFormat: ExpressibleByArgument {}
