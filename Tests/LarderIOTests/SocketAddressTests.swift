import LarderIO
import Testing

@Suite("SocketAddress")
struct SocketAddressTests {
    @Test(
        "an address reads as it is written",
        arguments: [
            ("127.0.0.1:7070", SocketAddress.ip(host: "127.0.0.1", port: 7070), true),
            ("[::1]:7070", .ip(host: "::1", port: 7070), true),
            ("[::ffff:127.0.0.1]:1", .ip(host: "::ffff:127.0.0.1", port: 1), true),
            ("localhost:7070", .ip(host: "localhost", port: 7070), true),
            ("a.LOCALHOST:7070", .ip(host: "a.LOCALHOST", port: 7070), true),
            (":7070", .ip(host: "", port: 7070), false),
            ("0.0.0.0:0", .ip(host: "0.0.0.0", port: 0), false),
            ("[::]:65535", .ip(host: "::", port: 65535), false),
            ("cache-1.example.com:80", .ip(host: "cache-1.example.com", port: 80), false),
            ("10.1.2.3:80", .ip(host: "10.1.2.3", port: 80), false),
            ("127.0.0.1.example.com:80", .ip(host: "127.0.0.1.example.com", port: 80), false),
            ("unix:/run/larder.sock", .unix(path: "/run/larder.sock"), true),
            ("unix:larder.sock", .unix(path: "larder.sock"), true),
            ("unix:/with:colon", .unix(path: "/with:colon"), true),
        ])
    func reads(text: String, address: SocketAddress, isLoopback: Bool) throws {
        let parsed = try SocketAddress(parsing: text)
        #expect(parsed == address)
        #expect(parsed.description == text)
        #expect(parsed.isLoopback == isLoopback)
    }

    @Test(
        "what is no address is refused with what is wrong",
        arguments: [
            ("", "no port"), ("localhost", "no port"), ("7070", "no port"),
            ("localhost:", "no port after"), (":", "no port after"),
            ("localhost:65536", "0 to 65535"), ("localhost:-1", "0 to 65535"),
            ("localhost:+1", "0 to 65535"), ("localhost:070707", "0 to 65535"),
            ("localhost:http", "0 to 65535"), ("localhost: 80", "0 to 65535"),
            ("localhost:٧٠", "0 to 65535"),
            ("::1:7070", "brackets"), ("[::1:7070", "not closed"), ("[]:7070", "not closed"),
            ("[localhost]:7070", "no IPv6"), ("[127.0.0.1]:7070", "no IPv6"),
            ("[::1]", "0 to 65535"), ("[::1]7070", "0 to 65535"),
            ("http://localhost:80", "brackets"), ("a b:80", "neither"), ("a/b:80", "neither"),
            ("a\0b:80", "neither"), ("256.0.0.1:80", "no IPv4"), ("127.1:80", "no IPv4"),
            ("unix:", "no path"), ("unix:a\0b", "zero byte"),
            (String(repeating: "a", count: 254) + ":80", "neither"),
            ("unix:/" + String(repeating: "a", count: 103), "at most 103"),
        ])
    func refuses(text: String, complaint: String) {
        let error = #expect(throws: IOError.self) { try SocketAddress(parsing: text) }
        #expect(error?.message.contains(complaint) == true, "\(String(describing: error))")
        #expect(error?.context == text)
    }
}
