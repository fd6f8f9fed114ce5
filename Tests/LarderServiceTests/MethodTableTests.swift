import LarderService
import Testing

@Suite("MethodTable")
struct MethodTableTests {
    private func method(_ path: String, reflection: Bool = true) -> Method? {
        let bytes = Array(path.utf8)
        return MethodTable(reflection: reflection).method(path: bytes.span)
    }

    @Test("every method is found by its own path and has its index as id")
    func everyPath() {
        for (index, method) in MethodTable.all.enumerated() {
            #expect(method.id == index)
            #expect(self.method("/\(method.fullName)") == method)
        }
        #expect(Set(MethodTable.all.map { "\($0.fullName)" }).count == MethodTable.all.count)
    }

    @Test("the text view's methods have the same handlers")
    func textView() {
        for method in MethodTable.all where "\(method.fullName)".hasPrefix("larder.text.v1.") {
            let plain = "/larder.v1." + "\(method.fullName)".dropFirst("larder.text.v1.".count)
            #expect(self.method(plain)?.handler == method.handler)
            #expect(self.method(plain)?.shape == method.shape)
        }
    }

    @Test(
        "a path that is not exactly a method's is unknown",
        arguments: [
            "", "/", "//", "*", "larder.v1.CacheService/Get", "/larder.v1.CacheService/get",
            "/larder.v1.CacheService/Get/", "/larder.v1.CacheService/Get?a=b",
            "/larder.v1.CacheService/%47et", "/larder.v2.CacheService/Get", "/CacheService/Get",
            String(repeating: "/", count: 1_000),
        ])
    func unknown(path: String) {
        #expect(method(path) == nil)
    }

    @Test("reflection that is switched off is unknown")
    func withoutReflection() {
        let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
        #expect(method(path) != nil)
        #expect(method(path, reflection: false) == nil)
    }
}
