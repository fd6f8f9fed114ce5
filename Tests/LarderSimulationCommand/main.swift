// Runs the simulation for many seeds, and says how one that fails is had again.
//
//     larder-simulation [--seeds COUNT] [--first SEED]     so many worlds
//     larder-simulation --replay SEED                       one of them, step by step
//     larder-simulation --planted                           how soon planted faults are found
//
// With --tell it says which methods were called and how the calls ended.

#if canImport(Glibc)
import Glibc
#endif
import LarderSimulation

private struct Arguments {
    var seeds: UInt64 = 10_000
    var first: UInt64 = 0
    var isPlanted = false
    var isTold = false
    var isReplay = false

    init?(_ words: [String]) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--planted": isPlanted = true
            case "--tell": isTold = true
            case "--seeds", "--first", "--replay":
                guard let number = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                if word == "--seeds" { seeds = number } else { first = number }
                if word == "--replay" {
                    seeds = 1
                    isReplay = true
                }
            default: return nil
            }
        }
    }
}

private func say(_ line: String) { _ = unsafe line.withCString { unsafe puts($0) } }

private func runSeeds(_ arguments: Arguments) -> CInt {
    let clock = ContinuousClock()
    let start = clock.now
    var total = Simulation.Summary()
    for seed in arguments.first..<(arguments.first &+ arguments.seeds) {
        do {
            total.add(try Simulation.run(seed: seed, isTelling: arguments.isReplay))
        } catch {
            say("seed \(seed): \(error)")
            say("again: swift run -c release larder-simulation --replay \(seed)")
            return 1
        }
    }
    let seconds = Double((clock.now - start) / .milliseconds(1)) / 1_000
    let perMinute = Int(Double(arguments.seeds) / max(seconds, 0.001) * 60)
    if arguments.isTold {
        for (ending, count) in total.endings.sorted(by: { $0.key < $1.key }) {
            say("\(ending): \(count)")
        }
    }
    say(
        "simulation: \(arguments.seeds) seeds, \(total.calls) calls, \(total.answered) answered, "
            + "\(total.evicted) evictions, \(seconds) s, \(perMinute) seeds a minute")
    return 0
}

private func plant() -> CInt {
    var missed: CInt = 0
    for fault in PlantedFault.allCases {
        if let found = Simulation.firstFinding(of: fault, seeds: 0..<2_000) {
            say("\(fault.rawValue): found after \(found.seed + 1) seeds: \(found.what)")
        } else {
            say("\(fault.rawValue): NOT FOUND in 2000 seeds")
            missed = 1
        }
    }
    return missed
}

guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else {
    say("usage: larder-simulation [--seeds COUNT] [--first SEED] | --replay SEED | --planted")
    exit(64)
}
exit(arguments.isPlanted ? plant() : runSeeds(arguments))
