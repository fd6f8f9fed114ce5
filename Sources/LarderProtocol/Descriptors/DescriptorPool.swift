/// The files that reflection can serve, found by name and by what they declare.
package struct DescriptorPool: Sendable {
    /// All files of `proto/` and what they import. Made at first use.
    package static let embedded = DescriptorPool(
        files: EmbeddedDescriptors.all.compactMap { text in
            let file = try? DescriptorFile(decoding: EmbeddedDescriptors.decode(text))
            assert(file != nil, "what protoc made can be read")
            return file
        })

    package let files: [DescriptorFile]
    private var indexByName: [String: Int] = [:]
    private var indexBySymbol: [String: Int] = [:]

    /// Of files with the same name, and of declarations of the same symbol, the first counts.
    package init(files: [DescriptorFile]) {
        self.files = files
        for (index, file) in files.enumerated() {
            indexByName[file.name] = indexByName[file.name] ?? index
            for symbol in file.symbols {
                indexBySymbol[symbol] = indexBySymbol[symbol] ?? index
            }
        }
    }

    /// The names of all services in the pool, with their packages, sorted.
    package var services: [String] { files.flatMap(\.services).sorted() }

    package func file(named name: String) -> DescriptorFile? {
        indexByName[name].map { index in files[index] }
    }

    /// The file that declares `symbol`: the full name, without a leading dot, of a service, method,
    /// message, field, oneof, enum or enum value.
    package func file(containing symbol: String) -> DescriptorFile? {
        indexBySymbol[symbol].map { index in files[index] }
    }

    /// `file`, and everything that it imports, directly or not: each file once.
    package func closure(of file: DescriptorFile) -> [DescriptorFile] {
        var found = [file]
        var names: Set<String> = [file.name]
        var next = 0
        while next < found.count {
            for name in found[next].dependencies where names.insert(name).inserted {
                if let dependency = self.file(named: name) { found.append(dependency) }
            }
            next += 1
        }
        return found
    }
}
