// What the inner parts take, in nanoseconds an operation: medians of several rounds, the least and
// the most in brackets. Arguments: what the names of the wanted begin with, --entries N.

var wanted: [String] = []
var entries = 1_000_000
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    if argument == "--entries", let count = arguments.popFirst().flatMap({ Int($0) }), count > 0 {
        entries = count
    } else {
        wanted.append(argument)
    }
}
let measure = Measure(wanted: wanted)
CodecBench.run(measure)
SessionBench.run(measure)
MethodBench.run(measure, entries: entries)
await CacheBench.run(measure, entries: entries)
