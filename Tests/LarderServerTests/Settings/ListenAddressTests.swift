import LarderServer
import Testing

@Suite struct ListenAddressTests {
    @Test(
        "hosts, bracketed IPv6 and paths of Unix sockets are addresses",
        arguments: [
            ("127.0.0.1:7070", .host("127.0.0.1", port: 7070)),
            ("localhost:0", .host("localhost", port: 0)),
            ("cache-1.example.org:65535", .host("cache-1.example.org", port: 65_535)),
            ("[::1]:7070", .host("::1", port: 7070)),
            ("[::ffff:10.0.0.1]:1", .host("::ffff:10.0.0.1", port: 1)),
            ("[fe80::1%eth0]:1", .host("fe80::1%eth0", port: 1)),
            ("unix:/run/larder.sock", .unix(path: "/run/larder.sock")),
        ] as [(String, ListenAddress)])
    func parses(text: String, address: ListenAddress) {
        #expect(ListenAddress(parsing: text) == address)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", ":", ":7070", "7070", "localhost", "localhost:", "localhost:65536",
            "localhost:http", "localhost:-1", "::1:7070", "[::1]", "[::1]:", "[]:1", "[x]:1",
            "[1.2.3.4]:1", "a b:1", "a:1 ", "a/b:1", "unix:", "unix:/", "unix:relative",
            "unix:/a b", "tcp://a:1", "a\n:1",
        ])
    func refuses(text: String) {
        #expect(ListenAddress(parsing: text) == nil)
    }

    @Test("a path fits into a socket's address or is refused")
    func pathLength() {
        let longest = "/" + String(repeating: "p", count: ListenAddress.pathBytesMax - 1)
        #expect(ListenAddress(parsing: "unix:" + longest) == .unix(path: longest))
        #expect(ListenAddress(parsing: "unix:" + longest + "p") == nil)
    }
}
