/// The forms that a trace may have; each may be packed with zstd.
enum TraceFormat: String, CaseIterable {
    case auto, larder, oracle, csv

    /// The format that the name of a file tells: `.csv`, `oracleGeneral` somewhere, else our own.
    static func told(by path: String) -> TraceFormat {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".zst", ".zstd"] where name.hasSuffix(ending) {
            name.removeLast(ending.count)
        }
        if name.hasSuffix(".csv") { return .csv }
        if name.contains("oracleGeneral") { return .oracle }
        return .larder
    }
}
