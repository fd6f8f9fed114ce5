// Inputs for what clients read: a server's bytes, files, and texts.

extension Seeds {
    /// Frames as a server says them; flags of the script: its preface, and frames told by five bytes.
    static func clients() {
        // :status 200, then grpc-status 0 in trailers, without compression state.
        let answer: [UInt8] = [0x88]
        let trailers: [UInt8] = [0, 11] + Array("grpc-status".utf8) + [1] + Array("0".utf8)
        let message: [UInt8] = [0, 0, 0, 0, 2, 8, 2]
        let whole =
            frame(1, 4, 1, answer) + frame(0, 0, 1, message) + frame(1, 5, 1, trailers)
        let script: [UInt8] = [1 | 2, 0, 3, 1, 0, 0]
        say("Client", "answer", script + whole)
        say("Client", "torn", [1 | 2 | 8, 3, 3, 1, 0, 0] + whole)
        say(
            "Client", "refused",
            script + frame(3, 0, 1, [0, 0, 0, 7]) + frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]))
        say(
            "Client", "settings",
            script + frame(4, 1, 0, []) + frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]))
        say(
            "Client", "window",
            script + frame(8, 0, 0, [0, 0, 1, 0]) + frame(8, 0, 1, [0, 0, 1, 0]))
    }

    private static func frame(
        _ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]
    ) -> [UInt8] {
        [type, flags, stream, UInt8(payload.count)] + payload
    }

    static func files() {
        let lines = """
            {"key": "a", "value": "b", "ttl_millis": 5, "flags": 1, "version": "7"}
            {"key_hex": "00ff", "value_base64": "AQI=", "more": [1, {"x": null}, "\\u00e9"]}

            """
        say("Formats", "lines", [0, 6] + Array(lines.utf8))
        let table = "key,value,ttl_millis\n\"a\"\"b\",\"c,\nd\",5\r\nx,,\n"
        say("Formats", "comma", [1, 3] + Array(table.utf8))
        say("Formats", "tab", [2, 9] + Array("key\tvalue\na\tb\n".utf8))
        let header = Array("LARDEREX".utf8) + [1, 0, 0, 0]
        let entry: [UInt8] = [6, 0, 0, 0, 10, 1, 65, 26, 1, 66]
        let end: [UInt8] = [255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0]
        say("Formats", "export", [3, 5] + header + entry + end)
        let record: [UInt8] = [1, 0, 0, 0] + Array("key-0001".utf8) + [9, 0, 0, 0]
        say("Formats", "trace", [5, 7] + record + record)
        say("Formats", "trace-oracle", [6, 7] + record + [UInt8](repeating: 255, count: 8))
        say("Formats", "trace-csv", [7, 4] + Array("time,key,size\n1,2,3\n4,word,6\n".utf8))
    }

    static func texts() {
        let texts: [(UInt8, String)] = [
            (0, "512MiB"), (0, "18446744073709551615kB"), (1, "1h"), (1, "0"), (1, "500ms"),
            (2, "127.0.0.1:7070"), (2, "[::1]:0"), (2, "unix:/tmp/x"), (2, ":65535"),
            (3, "two\nlines\u{1b}[0m"),
        ]
        for (index, text) in texts.enumerated() {
            say("Texts", "text-\(index)", [text.0] + Array(text.1.utf8))
        }
    }

    static func opsRequests() {
        let requests = [
            "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
            "HEAD /healthz?a=b HTTP/1.0\n\n",
            "\r\nPOST /metrics HTTP/1.1\r\n\r\nbody", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]
        for (index, request) in requests.enumerated() {
            say("OpsRequest", "request-\(index)", [UInt8(index * 5)] + Array(request.utf8))
        }
    }

    static func configurations() {
        let full = """
            {"listen": ["127.0.0.1:7070", "unix:/tmp/x"], "threads": 2,
             "cache": {"memory": "512MiB", "max-entries": 1000, "miss-cost": "balanced"},
             "server": {"reflection": false, "drain-timeout": "10s", "upload-memory": "64MiB"},
             "tls": {"certificate": "a", "key": "b", "min-version": "1.3"},
             "log": {"level": "debug", "format": "json"}}
            """
        say("Configuration", "full", [0] + Array(full.utf8))
        say("Configuration", "percent", [0] + Array(#"{"cache": {"memory": "80%"}}"#.utf8))
        say("Configuration", "unknown", [0] + Array(#"{"cache.memory": 1e9, "thread": null}"#.utf8))
        let nested =
            #"{"log": {"level": "\u00e9\ud83d\ude00\n"}, "ops": {"listen": ":1,:2"}, "x": [[1.5e-3]]}"#
        say("Configuration", "nested", [0] + Array(nested.utf8))
        let digest = String(repeating: "9f86d081", count: 8)
        let tokens = """
            # what may who
            \(digest) write
            \(String(repeating: "2c26b46b", count: 8)) read methods=items,bulk namespaces=a,b # end

            """
        say("Configuration", "tokens", [1] + Array(tokens.utf8))
        say("Configuration", "tokens-twice", [1] + Array((tokens + digest + " admin").utf8))
    }
}
