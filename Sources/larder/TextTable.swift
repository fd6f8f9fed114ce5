/// Rows of words as text, one row a line, their columns aligned.
enum TextTable {
    /// The lines, without an end of the last one. Every row has as many cells as the first.
    static func text(_ rows: [[String]]) -> String {
        var widths = [Int](repeating: 0, count: rows.first?.count ?? 0)
        for row in rows {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                // Nothing stands behind the last one.
                let isLast = column == row.count - 1
                return isLast
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
