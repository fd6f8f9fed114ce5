import LarderServer
import Testing

@Suite struct ConfigurationFileTests {
    private func read(
        _ fields: [String: ConfigurationValue]
    ) throws(SettingsError)
        -> ConfigurationFile
    {
        try ConfigurationFile(.object(fields), path: "larder.json")
    }

    private func refusal(_ root: ConfigurationValue) -> String? {
        do {
            _ = try ConfigurationFile(root, path: "larder.json")
            return nil
        } catch {
            return error.description
        }
    }

    @Test("keys are paths into the object, and a value's place is the file and its key")
    func given() throws {
        let file = try read([
            "listen": .list([.text("127.0.0.1:1"), .text("unix:/x")]), "threads": .number("4"),
            "cache": .object(["memory": .text("80%"), "max-entries": .number("0")]),
            "server": .object(["reflection": .truth(false)]), "log": .object([:]),
        ])
        #expect(
            file.given == [
                "listen": ["127.0.0.1:1", "unix:/x"], "threads": ["4"], "cache.memory": ["80%"],
                "cache.max-entries": ["0"], "server.reflection": ["false"],
            ])
        #expect(file.place(of: .memory) == "larder.json: cache.memory")
    }

    @Test(
        "what is unknown or of another shape is refused",
        arguments: [
            (["thread": .number("1")], "thread: unknown key, did you mean threads?"),
            (
                ["cache": .object(["memroy": .number("1")])],
                "cache.memroy: unknown key, did you mean cache.memory?"
            ),
            (
                ["cache.memory": .number("1")],
                "cache.memory: unknown key, the dot means an object"
            ),
            (["zzz": .number("1")], "zzz: unknown key"),
            (["": .number("1")], "\"\": unknown key"),
            (["cache": .number("1")], "cache: 1 is not an object"),
            (["threads": .object([:])], "threads: an object is not a number"),
            (["threads": .text("4")], "threads: \"4\" is not a number"),
            (["threads": .truth(true)], "threads: true is not a number"),
            (["threads": .null], "threads: null is not a number"),
            (["listen": .number("7070")], "listen: 7070 is not a string or a list of strings"),
            (
                ["listen": .list([.number("7070")])],
                "listen: 7070 is not a string in quotation marks"
            ),
            (
                ["server": .object(["reflection": .number("1")])],
                "server.reflection: 1 is not true or false"
            ),
        ] as [([String: ConfigurationValue], String)])
    func refuses(fields: [String: ConfigurationValue], words: String) {
        #expect(refusal(.object(fields)) == "larder.json: " + words)
    }

    @Test(
        "a list may be written as one string, as flags and variables are",
        arguments: [
            ("127.0.0.1:1", ["127.0.0.1:1"]), ("a:1,b:2", ["a:1", "b:2"]), ("", [""]),
        ])
    func listInOne(text: String, parts: [String]) throws {
        for setting in Setting.all where setting.shape == .list {
            var value = ConfigurationValue.text(text)
            for name in setting.components.reversed() { value = .object([name: value]) }
            #expect(try ConfigurationFile(value, path: "").given[setting.key] == parts)
        }
    }

    @Test("a file is one object")
    func notAnObject() {
        #expect(refusal(.list([])) == "larder.json: a list is not an object")
    }

    @Test("every setting has a place in the file")
    func everySetting() throws {
        for setting in Setting.all {
            var value: ConfigurationValue =
                switch setting.shape {
                case .list: .list([])
                case .truth: .truth(true)
                case .number, .numberOrText: .number("1")
                case .text: .text("x")
                }
            for name in setting.components.reversed() { value = .object([name: value]) }
            #expect(try ConfigurationFile(value, path: "").given[setting.key] != nil)
        }
    }
}

@Suite struct FileContentsTests {
    @Test(
        "a file that can't be read says why",
        arguments: [
            ("/nonexistent", "no such file or directory"), ("/", "is a directory"),
            ("/dev/zero", "longer than 1KiB"),
        ])
    func unreadable(path: String, words: String) {
        let error = #expect(throws: FileContents.Failure.self) {
            try FileContents.read(path, bytesMax: 1_024)
        }
        #expect(error?.description == words)
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
