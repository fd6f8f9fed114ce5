import LarderCache
import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService

/// One seed's run: clients and a server in one thread, under one clock, over one cache.
///
/// All that happens is drawn from the seed, so a run that fails can be had again.
final class World {
    static let startNanos: UInt64 = 1_000_000_000_000
    static let second: UInt64 = 1_000_000_000

    let seed: UInt64
    let fault: PlantedFault?
    let plan: WorldPlan
    var generator: SeededGenerator
    var maker: RequestMaker
    let services: Services
    let memory = SessionMemory()
    var scratch: CallScratch
    let times = ConnectionTimes()
    var nowNanos = World.startNanos
    var lookedAtNanos = World.startNanos
    var links: [Link] = []
    var journal = Journal()
    /// All that were ever made.
    var calls: [SimulatedCall] = []
    /// The numbers of those that are over.
    var overCalls: Set<Int> = []
    var lenders: [WeakLender] = []
    var isDraining = false
    var heldByFault: [AnyObject] = []
    var isTelling = false

    /// A client and the server's end of its connection.
    final class Link {
        let client: SimulatedClient
        let server: SimulatedConnection
        var isSocketStuck = false
        var isClosed = false
        /// Something besides its client may have ended its calls.
        var isDisturbed = false

        init(_ client: SimulatedClient, _ server: SimulatedConnection) {
            self.client = client
            self.server = server
        }
    }

    init(seed: UInt64, fault: PlantedFault?) {
        self.seed = seed
        self.fault = fault
        var generator = SeededGenerator(seed: seed)
        plan = WorldPlan(using: &generator)
        maker = RequestMaker(plan, seed: seed, fault: fault)
        var cache = Cache.Configuration(
            budgetBytes: plan.budgetBytes, seed: HashSeed(using: &generator),
            shardCount: plan.shardCount)
        cache.entriesMax = plan.entriesMax
        cache.keyBytesMax = plan.limits.keyBytesMax
        services = Services(
            cache: Cache(cache), limits: plan.limits, nodeID: "simulation", serverVersion: "1",
            health: HealthState(.serving), startID: 7)
        scratch = CallScratch(services)
        self.generator = generator
    }

    /// What the server takes for now.
    var serverNanos: UInt64 {
        fault == .lateExpiry ? nowNanos - min(nowNanos - Self.startNanos, Self.second) : nowNanos
    }

    // MARK: The run

    func run() throws {
        for _ in 0..<plan.clientCount { try connect() }
        for _ in 0..<plan.stepCount {
            try step()
            try commitFault()
        }
        services.cache.checkInvariants()
        try settle()
        try judge()
        try close()
    }

    private func step() throws {
        guard let link = someLink() else { return try connect() }
        switch generator.below(100) {
        case 0..<18: try beginCall(link)
        case 18..<34: try sendOn(link)
        case 34..<58: try carryToServer(link)
        case 58..<80: try carryToClient(link)
        case 80..<84: try pushSocket(link)
        case 84..<92: try passTime()
        case 92: if plan.cancelsCalls { try cancelSome(link) }
        case 93: if plan.stallsSockets { link.isSocketStuck.toggle() }
        case 94: if plan.stallsSockets { link.client.isConsuming.toggle() }
        case 95: if plan.killsConnections, generator.oneIn(4) { kill(link) }
        case 96: if generator.oneIn(4) { try connect() }
        case 97: _ = services.expire(nowNanos: serverNanos, limit: generator.below(20))
        case 98: if !plan.isRoomy { changeBudget() }
        default: if plan.drains, generator.oneIn(3) { try drain() }
        }
        for link in links where !link.isClosed && link.server.isFinished { hangUp(link) }
    }

    private func someLink() -> Link? {
        let open = links.filter { !$0.isClosed }
        return open.isEmpty ? nil : generator.pick(open)
    }

    // MARK: Clients

    func connect() throws {
        guard !isDraining else { return }
        let server = SimulatedConnection(
            services, options: plan.server, memory: memory, nowNanos: serverNanos)
        let link = Link(SimulatedClient(plan.client), server)
        links.append(link)
        try link.client.flush()
        try flushServer(link)
    }

    private func beginCall(_ link: Link) throws {
        guard link.client.openCalls.count < 8, !link.client.hasHeardGoAway else { return }
        if let heard = calls.last(where: { $0.status?.isOK == true }) { learnVersions(heard) }
        let call = maker.make()
        guard link.client.begin(call) else { return }
        calls.append(call)
        if generator.oneIn(2) {
            link.client.send(call, bytes: .max)
            link.client.end(call)
        }
        try link.client.flush()
    }

    /// Conditions are interesting when they name versions that exist.
    private func learnVersions(_ call: SimulatedCall) {
        switch call.request {
        case .get:
            if let answer: GetResponse = try? Outcome(call).answer(), answer.head.version > 0 {
                maker.heardVersions.append(answer.head.version)
            }
        case .set:
            if let answer: SetResponse = try? Outcome(call).answer(), answer.version > 0 {
                maker.heardVersions.append(answer.version)
            }
        case .delete, .batchGet, .load, .pipeline, .export, .limits, .health, .watch, .wrong: break
        }
    }

    private func sendOn(_ link: Link) throws {
        let open = link.client.openCalls.filter { !$0.isEnded }
        guard !open.isEmpty else { return }
        let call = generator.pick(open)
        let rest = call.body.count - call.sentBytes
        link.client.send(call, bytes: generator.oneIn(2) ? rest : generator.below(rest + 1))
        if generator.oneIn(2) { link.client.end(call) }
        try link.client.flush()
    }

    private func cancelSome(_ link: Link) throws {
        let open = link.client.openCalls
        guard !open.isEmpty else { return }
        link.client.cancel(generator.pick(open))
        try link.client.flush()
    }

    /// The connection breaks: what is on its way is gone.
    private func kill(_ link: Link) {
        link.isDisturbed = true
        lose(link)
    }

    /// The server has closed; what it wrote may still be read.
    func hangUp(_ link: Link) {
        link.isDisturbed = true
        while !link.client.incoming.isEmpty {
            do { try link.client.receive(bytes: plan.readBytesMax) } catch { break }
        }
        lose(link)
    }

    func lose(_ link: Link) {
        guard !link.isClosed else { return }
        link.isClosed = true
        lenders += link.server.output.lenders
        if fault == .leakedMemory {
            heldByFault.append(link.server)
        } else {
            link.server.forgetAll()
        }
        for call in link.client.calls { noteOver(call) }
    }

    private func changeBudget() {
        services.cache.setBudget(UInt64(generator.pick([8, 16, 48, 100])) << 10)
    }
}
