import LarderClient

/// The cells of a simulation in the form that was asked for.
struct SimulationReport {
    enum Form: String, CaseIterable {
        case text, json, csv
    }

    /// One trace under one policy and one budget.
    struct Cell {
        let trace: String
        let policy: String
        let share: Double
        let budgetBytes: UInt64
        let result: Replay.Result
    }

    static let csvHeader =
        "trace,policy,frac_of_unique_bytes,object_miss_ratio,byte_miss_ratio,ns_per_access"

    /// What stands above the cells, nil if nothing.
    static func header(_ form: Form) -> String? {
        switch form {
        case .csv: csvHeader
        case .json: nil
        case .text:
            columns([
                "trace", "policy", "budget", "of unique", "object misses", "byte misses", "ns",
            ])
        }
    }

    /// One cell, as a line.
    static func line(_ cell: Cell, _ form: Form) -> String {
        switch form {
        case .csv:
            return [
                quoted(cell.trace), cell.policy, Readable.number(cell.share, digits: 6),
                ratio(cell.result.objectMissRatio), ratio(cell.result.byteMissRatio),
                FixedPoint.text(cell.result.nanosPerRequest, decimals: 1),
            ].joined(separator: ",")
        case .json:
            var json = JSONText()
            json.beginObject()
            json.member("trace", cell.trace)
            json.member("policy", cell.policy)
            json.member("budget_bytes", cell.budgetBytes)
            json.member("frac_of_unique_bytes", cell.share, decimals: 6)
            json.member("requests", UInt64(cell.result.requests))
            json.member("object_miss_ratio", cell.result.objectMissRatio, decimals: 6)
            json.member("byte_miss_ratio", cell.result.byteMissRatio, decimals: 6)
            json.member("ns_per_access", cell.result.nanosPerRequest, decimals: 1)
            json.endObject()
            return json.text
        case .text:
            return columns([
                cell.trace, cell.policy, Readable.bytes(cell.budgetBytes),
                "\(Readable.number(cell.share * 100, digits: 3)) %",
                percent(cell.result.objectMissRatio), percent(cell.result.byteMissRatio),
                FixedPoint.text(cell.result.nanosPerRequest, decimals: 0),
            ])
        }
    }

    private static func columns(_ cells: [String]) -> String {
        let widths = [18, 8, 11, 10, 14, 12, 7]
        return zip(cells, widths).enumerated().map { index, column in
            let pad = String(repeating: " ", count: max(0, column.1 - column.0.count))
            return index < 2 ? column.0 + pad : pad + column.0
        }.joined(separator: " ")
    }

    private static func ratio(_ value: Double) -> String { FixedPoint.text(value, decimals: 6) }

    private static func percent(_ value: Double) -> String {
        "\(FixedPoint.text(value * 100, decimals: 2)) %"
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" }) else { return text }
        return "\""
            + text.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }
}
