import LarderGRPC
import LarderService
import Testing

@Suite("Principal")
struct PrincipalTests {
    // What a method asks for, written down once more: methods by role.
    private static let open = ["Check", "Watch", "List"]
    private static let writing = ["Set", "Delete", "BulkLoad", "Pipeline"]

    private func expected(_ name: String, _ served: Bool, _ role: Role) -> Bool {
        let method = String(name.split(separator: "/").last ?? "")
        if name.hasPrefix("grpc.health.") { return Self.open.contains(method) }
        if name.hasPrefix("larder.v1.AdminService/") { return role == .admin }
        return Self.writing.contains(method) ? role >= .write : true
    }

    @Test("every method, for every role", arguments: Role.allCases)
    func table(role: Role) {
        let principal = Principal(role: role)
        for method in MethodTable.all {
            let name = "\(method.fullName)"
            let refusal = principal.refusal(of: method)
            #expect(
                (refusal == nil) == expected(name, method.isServed, role), "\(name), \(role)")
            guard let refusal else { continue }
            #expect(refusal.code == .permissionDenied)
            #expect(refusal.message.contains(name))
            #expect(
                refusal.message.contains(Role.admin.rawValue) || refusal.message.contains("write"))
        }
    }

    @Test("groups and namespaces narrow a role, and health is open to all")
    func narrowed() throws {
        func method(_ name: String) throws -> Method {
            try #require(MethodTable.all.first { "\($0.fullName)" == name })
        }
        let get = try method("larder.v1.CacheService/Get")
        let load = try method("larder.v1.CacheService/BulkLoad")
        let check = try method("grpc.health.v1.Health/Check")
        let items = Principal(role: .admin, groups: [.items])
        #expect(items.refusal(of: get) == nil)
        #expect(items.refusal(of: load)?.reason == "METHOD_FORBIDDEN")
        let elsewhere = Principal(role: .admin, namespaces: ["logs"])
        #expect(elsewhere.refusal(of: get)?.reason == "NAMESPACE_FORBIDDEN")
        #expect(Principal(role: .read, namespaces: ["default"]).refusal(of: get) == nil)
        #expect(Principal(role: .read, groups: []).refusal(of: check) == nil)
    }
}
