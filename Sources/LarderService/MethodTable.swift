/// Every method that the server knows, found by its path.
///
/// - Complexity: a look-up compares the path with the few methods whose names are as long, the
///   last byte first, and allocates nothing.
package struct MethodTable: Sendable {
    /// All methods, each at the index that is its `id`.
    package static let all: [Method] = makeAll()

    private static let pathBytesMax = 128

    private let methods: [Method]
    private let paths: [[UInt8]]
    // For each path length the ids of the methods that have it.
    private let idsByLength: [[Int]]

    package init(reflection: Bool) {
        methods = Self.all
        var paths: [[UInt8]] = []
        var idsByLength = [[Int]](repeating: [], count: Self.pathBytesMax + 1)
        for method in Self.all {
            let path = Array("/\(method.fullName)".utf8)
            paths.append(path)
            if method.handler == .reflection, !reflection { continue }
            precondition(path.count <= Self.pathBytesMax, "every path has its place in the table")
            idsByLength[path.count].append(method.id)
        }
        self.paths = paths
        self.idsByLength = idsByLength
    }

    /// The method at `path`, which begins with a slash, or nil when there is none.
    package func method(path: Span<UInt8>) -> Method? {
        guard path.count <= Self.pathBytesMax else { return nil }
        for id in idsByLength[path.count] where Self.areEqual(paths[id], path) {
            return methods[id]
        }
        return nil
    }

    private static func areEqual(_ left: [UInt8], _ right: Span<UInt8>) -> Bool {
        var offset = left.count
        guard offset == right.count else { return false }
        while offset > 0 {
            offset -= 1
            if left[offset] != right[offset] { return false }
        }
        return true
    }
}

extension MethodTable {
    private typealias Row = (Method.Handler, Method.Shape, StaticString)

    private static func makeAll() -> [Method] {
        let rows = cacheRows + textCacheRows + adminRows + healthRows + reflectionRows
        return rows.enumerated().map { id, row in
            Method(id: id, shape: row.1, handler: row.0, fullName: row.2)
        }
    }

    private static var cacheRows: [Row] {
        [
            (.get, .unary, "larder.v1.CacheService/Get"),
            (.set, .unary, "larder.v1.CacheService/Set"),
            (.delete, .unary, "larder.v1.CacheService/Delete"),
            (.notServed, .unary, "larder.v1.CacheService/Touch"),
            (.notServed, .unary, "larder.v1.CacheService/Increment"),
            (.batchGet, .unary, "larder.v1.CacheService/BatchGet"),
            (.notServed, .unary, "larder.v1.CacheService/BatchSet"),
            (.notServed, .unary, "larder.v1.CacheService/BatchDelete"),
            (.notServed, .unary, "larder.v1.CacheService/InvalidateTags"),
            (.notServed, .serverStreaming, "larder.v1.CacheService/ReadValue"),
            (.notServed, .clientStreaming, "larder.v1.CacheService/WriteValue"),
            (.pipeline, .bidiStreaming, "larder.v1.CacheService/Pipeline"),
            (.bulkLoad, .bidiStreaming, "larder.v1.CacheService/BulkLoad"),
            (.export, .serverStreaming, "larder.v1.CacheService/Export"),
            (.notServed, .serverStreaming, "larder.v1.CacheService/Watch"),
            (.getLimits, .unary, "larder.v1.CacheService/GetLimits"),
        ]
    }

    // The same methods for people: the schema of this name has strings for keys and values.
    private static var textCacheRows: [Row] {
        [
            (.get, .unary, "larder.text.v1.CacheService/Get"),
            (.set, .unary, "larder.text.v1.CacheService/Set"),
            (.delete, .unary, "larder.text.v1.CacheService/Delete"),
            (.notServed, .unary, "larder.text.v1.CacheService/Touch"),
            (.notServed, .unary, "larder.text.v1.CacheService/Increment"),
            (.batchGet, .unary, "larder.text.v1.CacheService/BatchGet"),
            (.notServed, .unary, "larder.text.v1.CacheService/BatchSet"),
            (.notServed, .unary, "larder.text.v1.CacheService/BatchDelete"),
            (.notServed, .unary, "larder.text.v1.CacheService/InvalidateTags"),
            (.notServed, .serverStreaming, "larder.text.v1.CacheService/ReadValue"),
            (.notServed, .clientStreaming, "larder.text.v1.CacheService/WriteValue"),
            (.pipeline, .bidiStreaming, "larder.text.v1.CacheService/Pipeline"),
            (.bulkLoad, .bidiStreaming, "larder.text.v1.CacheService/BulkLoad"),
            (.export, .serverStreaming, "larder.text.v1.CacheService/Export"),
            (.notServed, .serverStreaming, "larder.text.v1.CacheService/Watch"),
            (.getLimits, .unary, "larder.text.v1.CacheService/GetLimits"),
        ]
    }

    private static var adminRows: [Row] {
        [
            (.notServed, .unary, "larder.v1.AdminService/GetStats"),
            (.notServed, .unary, "larder.v1.AdminService/ListHotKeys"),
            (.notServed, .unary, "larder.v1.AdminService/GetMissRatioCurve"),
            (.notServed, .unary, "larder.v1.AdminService/ExplainKey"),
            (.notServed, .unary, "larder.v1.AdminService/ListSlowCalls"),
            (.notServed, .unary, "larder.v1.AdminService/ListNamespaces"),
            (.notServed, .unary, "larder.v1.AdminService/CreateNamespace"),
            (.notServed, .unary, "larder.v1.AdminService/UpdateNamespace"),
            (.notServed, .unary, "larder.v1.AdminService/DeleteNamespace"),
            (.notServed, .unary, "larder.v1.AdminService/FlushNamespace"),
            (.notServed, .unary, "larder.v1.AdminService/GetConfig"),
            (.notServed, .unary, "larder.v1.AdminService/UpdateConfig"),
            (.notServed, .serverStreaming, "larder.v1.AdminService/Drain"),
        ]
    }

    private static var healthRows: [Row] {
        [
            (.healthCheck, .unary, "grpc.health.v1.Health/Check"),
            (.healthWatch, .serverStreaming, "grpc.health.v1.Health/Watch"),
            (.healthList, .unary, "grpc.health.v1.Health/List"),
        ]
    }

    private static var reflectionRows: [Row] {
        [
            (
                .reflection, .bidiStreaming,
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
            ),
            (
                .reflection, .bidiStreaming,
                "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
            ),
        ]
    }
}
