import LarderServer
import LarderService
import Logging
import Testing

@Suite struct SettingsResolutionTests {
    private static let machine = Machine(
        memory: MachineMemory(totalBytes: 8 << 30, limitBytes: 1 << 30), cores: 4)

    private func resolve(
        _ given: [String: String], source: SettingSource = .flag
    ) throws(SettingsError) -> SettingsResolution {
        try SettingsResolution(machine: Self.machine) { (setting) throws(SettingsError) in
            given[setting.key].map { text in
                GivenSetting(
                    texts: text.split(separator: ",").map(String.init), source: source,
                    place: setting.key)
            }
        }
    }

    private func refusal(_ key: String, _ text: String) -> String? {
        do {
            _ = try resolve([key: text])
            return nil
        } catch {
            return error.description
        }
    }

    @Test("nothing given gives the defaults")
    func defaults() throws {
        let resolution = try resolve([:])
        let settings = resolution.settings
        #expect(settings == Settings(machine: Self.machine))
        #expect(settings.listen == ["127.0.0.1:7070"])
        #expect(settings.threads == 4)
        #expect(settings.memoryBytes == 819 << 20)
        #expect(settings.valueBytesMax == (819 << 20) / 8)
        #expect(settings.entriesMax == nil)
        #expect(resolution.rows.allSatisfy { $0.source == .default })
    }

    @Test("every setting takes the value that it shows")
    func shownValuesAreTaken() throws {
        let first = try resolve([:])
        let shown = Dictionary(uniqueKeysWithValues: first.rows.map { ($0.setting.key, $0.value) })
        let second = try resolve(shown, source: .file)
        #expect(second.settings == first.settings)
        #expect(second.rows.allSatisfy { $0.source == .file })
    }

    @Test("each value lands in its place")
    func places() throws {
        let settings = try resolve([
            "listen": "[::1]:1,unix:/tmp/l", "threads": "2", "cache.memory": "64MiB",
            "cache.max-entries": "10", "cache.miss-cost": "125KiB", "cache.max-key-bytes": "63KiB",
            "cache.max-value-bytes": "8MiB", "server.max-inline-bytes": "2MiB",
            "server.max-message-bytes": "16MiB", "server.max-streams": "7",
            "server.drain-timeout": "2m", "server.reflection": "false",
            "server.compression": "true", "log.level": "debug", "log.format": "json",
            "server.max-connections": "100", "server.upload-memory": "2MiB",
            "server.egress-memory": "3MiB", "server.handshake-timeout": "1s",
            "server.request-timeout": "2s", "server.write-timeout": "3s",
            "server.idle-timeout": "4s", "server.max-connection-age": "5s",
            "server.max-connection-age-grace": "6s", "server.keepalive-time": "7s",
            "server.keepalive-timeout": "8s", "server.min-ping-interval": "9s",
        ]).settings
        var expected = Settings(machine: Self.machine)
        expected.listen = ["[::1]:1", "unix:/tmp/l"]
        expected.threads = 2
        expected.memoryBytes = 64 << 20
        expected.entriesMax = 10
        expected.missCost = .kappa(bytes: 125 << 10)
        expected.keyBytesMax = 64_512
        expected.valueBytesMax = 8 << 20
        expected.inlineBytesMax = 2 << 20
        expected.messageBytesMax = 16 << 20
        expected.streamsMax = 7
        expected.drainTimeoutMillis = 120_000
        expected.reflection = false
        expected.compression = true
        expected.logLevel = .debug
        expected.logFormat = .json
        expected.peers.connectionsMax = 100
        expected.peers.uploadBytesMax = 2 << 20
        expected.peers.egressBytesMax = 3 << 20
        expected.peers.handshakeMillis = 1_000
        expected.peers.requestMillis = 2_000
        expected.peers.writeMillis = 3_000
        expected.peers.idleMillis = 4_000
        expected.peers.ageMillis = 5_000
        expected.peers.ageGraceMillis = 6_000
        expected.peers.keepaliveMillis = 7_000
        expected.peers.keepaliveTimeoutMillis = 8_000
        expected.peers.pingIntervalMillis = 9_000
        #expect(settings == expected)
    }

    @Test("a share is one of the control group's limit, in whole mebibytes")
    func share() throws {
        #expect(try resolve(["cache.memory": "50%"]).settings.memoryBytes == 512 << 20)
        #expect(try resolve(["cache.memory": "33%"]).settings.memoryBytes == 337 << 20)
        #expect(try resolve(["cache.memory": "100%"]).settings.memoryBytes == 1 << 30)
    }

    @Test("a share of nobody knows how much is refused")
    func shareOfTheUnknown() {
        let machine = Machine(memory: MachineMemory(totalBytes: nil, limitBytes: nil), cores: 1)
        #expect(throws: SettingsError.self) {
            try SettingsResolution(machine: machine) { (setting) throws(SettingsError) in
                setting.key == "cache.memory"
                    ? GivenSetting(texts: ["80%"], source: .flag, place: "--memory") : nil
            }
        }
    }

    @Test("limits on values follow a smaller memory")
    func dependentDefaults() throws {
        let settings = try resolve(["cache.memory": "16MiB"]).settings
        #expect(settings.valueBytesMax == 2 << 20)
        #expect(settings.inlineBytesMax == 1 << 20)
        let smaller = try resolve(["cache.max-value-bytes": "64KiB"]).settings
        #expect(smaller.inlineBytesMax == 64 << 10)
    }

    @Test(
        "the ends of each range are taken, what lies beyond is refused",
        arguments: [
            ("threads", ["1", "256"], ["0", "257"]),
            ("cache.memory", ["8MiB", "1GiB", "1%"], ["8388607", "1025MiB", "101%", "0"]),
            ("cache.max-entries", ["0", "1099511627776"], ["1099511627777"]),
            (
                "cache.miss-cost", ["object", "balanced", "bytes", "1", "1TiB"],
                ["0", "1025GiB"]
            ),
            ("cache.max-key-bytes", ["1", "65535"], ["0", "65536"]),
            ("cache.max-value-bytes", ["1", "107347968"], ["0", "107347969"]),
            ("server.max-inline-bytes", ["1", "107347968"], ["0", "107347969"]),
            ("server.max-message-bytes", ["1KiB", "256MiB"], ["1023", "268435457", "99999TiB"]),
            ("server.max-streams", ["1", "65536"], ["0", "65537"]),
            ("server.drain-timeout", ["0", "1h"], ["3600001ms"]),
            ("server.max-connections", ["0", "1000000"], ["1000001"]),
            ("server.egress-memory", ["1MiB", "1TiB"], ["1048575", "0"]),
            ("server.request-timeout", ["100ms", "1h"], ["0", "99ms", "3600001ms"]),
            ("server.idle-timeout", ["0", "720h"], ["721h"]),
        ])
    func ranges(key: String, taken: [String], refused: [String]) {
        for text in taken { #expect(refusal(key, text) == nil) }
        for text in refused { #expect(refusal(key, text)?.contains("is out of range") == true) }
    }

    @Test(
        "a refusal names the place, the value and what is allowed",
        arguments: [
            ("threads", "0", "threads: 0 is out of range: allowed is 1 to 256"),
            ("threads", "1.5", "threads: 1.5 is not a whole number: allowed is 1 to 256"),
            (
                "cache.memory", "1 GiB",
                "cache.memory: \"1 GiB\" is not a size such as 512MiB or 80%: allowed is 8MiB to 1GiB"
            ),
            (
                "server.drain-timeout", "10",
                "server.drain-timeout: 10 is not a time such as 500ms, 10s or 2m: "
                    + "allowed is 0s to 1h"
            ),
            (
                "server.reflection", "yes",
                "server.reflection: yes is neither true nor false: allowed is true or false"
            ),
            ("log.format", "xml", "log.format: xml is unknown: allowed is text or json"),
        ])
    func words(key: String, text: String, words: String) {
        #expect(refusal(key, text) == words)
    }

    @Test("addresses are one to sixteen, each different")
    func addresses() {
        let sixteen = (1...16).map { "a:\($0)" }.joined(separator: ",")
        #expect(refusal("listen", sixteen) == nil)
        #expect(refusal("listen", sixteen + ",a:17") != nil)
        #expect(refusal("listen", "") != nil)
        #expect(refusal("listen", "a:1,a:1")?.contains("is given twice") == true)
    }

    @Test(
        "an address that can't be right is refused with the reason",
        arguments: [
            ("7070", "no port: write host:port"),
            ("a:65536", "the port is no number of 0 to 65535"),
            ("::1:7070", "an IPv6 address is written in brackets: [::1]:7070"),
            ("unix:", "no path after unix:"),
            (
                "unix:/" + String(repeating: "x", count: 103),
                "a socket's path has at most 103 bytes"
            ),
        ])
    func wrongAddress(text: String, reason: String) {
        #expect(
            refusal("listen", text)
                == "listen: \(text) is not an address (\(reason)): allowed is 1 to 16 of "
                + "host:port, [ipv6]:port, :port (every interface) or unix:/path, each different")
    }

    @Test("a port alone is every interface, and a Unix socket's path may be relative")
    func lenientAddresses() throws {
        #expect(try resolve(["listen": ":7070,unix:l"]).settings.listen == [":7070", "unix:l"])
    }

    @Test("a wrong flag is a wrong command line, anything else a wrong configuration")
    func exitCodes() {
        for source in SettingSource.allCases where source != .default {
            let error = #expect(throws: SettingsError.self) {
                _ = try resolve(["threads": "0"], source: source)
            }
            #expect(error?.exitCode == (source == .flag ? 64 : 78))
        }
    }

    @Test("names of settings are unique, and variables follow the flags")
    func names() {
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.flag)).count == Setting.all.count)
        #expect(Setting.keyBytesMax.variable == "LARDER_MAX_KEY_BYTES")
    }

    @Test("a value with control characters stays on one line and is cut")
    func hostileValue() throws {
        let text = "1\n2\u{1B}[31m" + String(repeating: "x", count: 10_000)
        let line = try #require(refusal("threads", text))
        #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(line.utf8.count < 400)
    }
}
