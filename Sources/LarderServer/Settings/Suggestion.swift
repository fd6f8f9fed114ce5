/// Finds the name that somebody may have meant.
package enum Suggestion {
    /// Longer names are not compared.
    package static let nameBytesMax = 64

    /// The nearest of `names`, if it is near: at most a third of the letters differ.
    package static func nearest(to name: String, among names: [String]) -> String? {
        let letters = Array(name.utf8)
        guard letters.count <= nameBytesMax else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in names where candidate.utf8.count <= nameBytesMax {
            let distance = distance(letters, Array(candidate.utf8))
            guard distance * 3 <= max(letters.count, candidate.utf8.count) else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Letters to insert, delete or replace until one is the other (Levenshtein).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let replaced = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
