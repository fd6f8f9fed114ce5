/// What traces are called in a report.
enum TraceNames {
    /// A name for each path, one that no other path has: `traces/web.trace.zst` is `web`, with its
    /// endings if another one would be `web` too, and the whole path if that is not enough.
    static func names(of paths: [String]) -> [String] {
        let forms = [withoutEndings, withoutFolder]
        return paths.map { path in
            let form = forms.first { form in
                let name = form(path)
                return paths.allSatisfy { $0 == path || form($0) != name }
            }
            return form?(path) ?? path
        }
    }

    private static func withoutFolder(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func withoutEndings(_ path: String) -> String {
        let name = withoutFolder(path)
        return name.split(separator: ".").first.map(String.init) ?? name
    }
}
