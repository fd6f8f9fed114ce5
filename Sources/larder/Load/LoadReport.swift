import LarderClient

/// What a load came to.
struct LoadReport {
    private static let errorsShownMax = 5

    let state: LoadProgress.State
    let seconds: Double
    let isDone: Bool

    var isAllStored: Bool {
        let tally = state.acknowledged
        return isDone && tally.notAdmitted == 0 && tally.conditionFailed == 0
            && tally.rejected == 0 && state.skipped == 0
    }

    /// The progress bar's line.
    static func line(
        _ state: LoadProgress.State, of byteCount: UInt64?, seconds: Double
    ) -> String {
        let bar = ProgressBar.bar(state.readBytes, of: byteCount)
        let tally = state.acknowledged
        return bar + "\(Readable.count(state.items)) items  \(Readable.bytes(state.itemBytes))  "
            + "\(Readable.rate(state.items, seconds: seconds))  "
            + "acknowledged \(Readable.count(tally.items))  "
            + "not admitted \(Readable.count(tally.notAdmitted))"
    }

    var text: String {
        let tally = state.acknowledged
        var lines = [
            "\(Readable.count(state.items)) items, \(Readable.bytes(state.itemBytes)) in "
                + "\(Readable.seconds(seconds)), \(Readable.rate(state.items, seconds: seconds))",
            "acknowledged \(Readable.count(tally.items)): "
                + "stored \(Readable.count(tally.stored)), "
                + "not admitted \(Readable.count(tally.notAdmitted)), "
                + "condition failed \(Readable.count(tally.conditionFailed)), "
                + "rejected \(Readable.count(tally.rejected))",
        ]
        if state.resumedFrom > 0 {
            lines.append("went on from entry \(Readable.count(state.resumedFrom))")
        }
        if state.skipped > 0 {
            lines.append("passed over \(Readable.count(state.skipped)) malformed records")
        }
        for rejected in tally.errors.prefix(Self.errorsShownMax) {
            lines.append("entry \(rejected.index): \(rejected.error?.message ?? "rejected")")
        }
        return lines.joined(separator: "\n")
    }

    var json: String {
        let tally = state.acknowledged
        var json = JSONText()
        json.beginObject()
        json.member("done", isDone)
        json.member("items", state.items)
        json.member("bytes", state.itemBytes)
        json.member("acknowledged", tally.items)
        json.member("stored", tally.stored)
        json.member("stored_bytes", tally.storedBytes)
        json.member("not_admitted", tally.notAdmitted)
        json.member("condition_failed", tally.conditionFailed)
        json.member("rejected", tally.rejected)
        json.member("skipped", state.skipped)
        json.member("resumed_from", state.resumedFrom)
        json.member("seconds", seconds, decimals: 3)
        json.member("items_per_second", Double(state.items) / max(seconds, 1e-9), decimals: 0)
        json.beginArray("errors")
        for rejected in tally.errors {
            json.element("entry \(rejected.index): \(rejected.error?.message ?? "rejected")")
        }
        json.endArray()
        json.endObject()
        return json.text
    }
}

extension BulkLoadResponse {
    /// Items that the server has dealt with. It commits the parts of a long value one by one.
    fileprivate var items: UInt64 {
        stored &+ notAdmitted &+ conditionFailed &+ rejected
    }
}
