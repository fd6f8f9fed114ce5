import LarderServer
import Testing

@Suite struct ConfigurationFileTests {
    private func read(_ text: String) throws(SettingsError) -> ConfigurationFile {
        try ConfigurationFile(Array(text.utf8), path: "larder.json")
    }

    private func refusal(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("keys are paths into the object, each value with its place")
    func given() throws {
        let file = try read(
            """
            {
              "listen": ["127.0.0.1:1", "unix:/x"], "threads": 4,
              "cache": {"memory": "80%", "max-entries": 0},
              "server": {"reflection": false}, "log": {}
            }
            """)
        #expect(
            file.given == [
                "listen": .init(
                    texts: ["127.0.0.1:1", "unix:/x"], place: "larder.json:2:13: listen"),
                "threads": .init(texts: ["4"], place: "larder.json:2:52: threads"),
                "cache.memory": .init(texts: ["80%"], place: "larder.json:3:23: cache.memory"),
                "cache.max-entries": .init(
                    texts: ["0"], place: "larder.json:3:45: cache.max-entries"),
                "server.reflection": .init(
                    texts: ["false"], place: "larder.json:4:28: server.reflection"),
            ])
    }

    @Test(
        "what is unknown or of another shape is refused at its place",
        arguments: [
            (#"{"thread": 1}"#, "1:2: thread: unknown key, did you mean threads?"),
            (
                #"{"cache": {"memroy": 1}}"#,
                "1:12: cache.memroy: unknown key, did you mean cache.memory?"
            ),
            (#"{"cache.memory": 1}"#, "1:2: cache.memory: unknown key, the dot means an object"),
            (#"{"zzz": 1}"#, "1:2: zzz: unknown key"),
            (#"{"": 1}"#, "1:2: \"\": unknown key"),
            (#"{"cache": 1}"#, "1:11: cache: 1 is not an object"),
            (#"{"threads": {}}"#, "1:13: threads: an object is not a number"),
            (#"{"threads": "4"}"#, "1:13: threads: \"4\" is not a number"),
            (#"{"threads": true}"#, "1:13: threads: true is not a number"),
            (#"{"threads": null}"#, "1:13: threads: null is not a number"),
            (#"{"listen": "a:1"}"#, "1:12: listen: \"a:1\" is not a list of strings"),
            (#"{"listen": [7070]}"#, "1:13: listen: 7070 is not a string in quotation marks"),
            (#"{"server": {"reflection": 1}}"#, "1:27: server.reflection: 1 is not true or false"),
            ("[]", "1:1: a list is not an object"),
            ("", "1:1: not JSON: a value is missing at the end"),
        ])
    func refuses(text: String, words: String) {
        #expect(refusal(text) == "larder.json:" + words)
    }

    @Test("every setting has a place in the file")
    func everySetting() throws {
        for setting in Setting.all {
            var text = setting.shape == .list ? "[]" : setting.shape == .truth ? "true" : "1"
            if setting.shape == .text { text = "\"x\"" }
            for name in setting.components.reversed() { text = "{\"\(name)\": \(text)}" }
            #expect(try read(text).given[setting.key] != nil)
        }
    }

    @Test("a file that can't be read says why")
    func unreadable() {
        for (path, words) in [
            ("/nonexistent", "no such file or directory"), ("/", "is a directory"),
        ] {
            let error = #expect(throws: SettingsError.self) { try ConfigurationFile(path: path) }
            #expect(error?.description == "\(path): can't be read: \(words)")
            #expect(error?.exitCode == 78)
        }
    }
}

@Suite struct EnvironmentNamesTests {
    @Test("settings, other known names and foreign variables pass")
    func known() throws {
        var environment = ["PATH": "/bin", "LARDERX": "1", "LARDER_CONFIG": "", "LARDER_ADDR": ""]
        for setting in Setting.all { environment[setting.variable] = "" }
        try EnvironmentNames.check(environment)
    }

    @Test("the variables that Kubernetes makes for a service called larder pass")
    func serviceLinks() throws {
        try EnvironmentNames.check([
            "LARDER_SERVICE_HOST": "10.0.0.1", "LARDER_SERVICE_PORT": "7070",
            "LARDER_SERVICE_PORT_GRPC": "7070", "LARDER_PORT": "tcp://10.0.0.1:7070",
            "LARDER_PORT_7070_TCP": "tcp://10.0.0.1:7070", "LARDER_PORT_7070_TCP_PROTO": "tcp",
            "LARDER_PORT_7070_TCP_PORT": "7070", "LARDER_PORT_7070_TCP_ADDR": "10.0.0.1",
            "LARDER_OPS_SERVICE_HOST": "10.0.0.1", "LARDER_OPS_PORT": "tcp://10.0.0.1:9090",
        ])
    }

    @Test(
        "a misspelt variable is refused, with what was meant",
        arguments: [
            ("LARDER_THREDS", "LARDER_THREDS: unknown variable, did you mean LARDER_THREADS?"),
            ("LARDER_PORT", "LARDER_PORT: unknown variable"),
            ("LARDER_", "LARDER_: unknown variable"),
            ("LARDER_SERVICE", "LARDER_SERVICE: unknown variable"),
            ("LARDER_PORT_X_TCP", "LARDER_PORT_X_TCP: unknown variable"),
        ])
    func unknown(name: String, words: String) {
        let error = #expect(throws: SettingsError.self) {
            try EnvironmentNames.check([name: "8080"])
        }
        #expect(error?.description == words)
    }
}
