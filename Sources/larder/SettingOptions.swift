import ArgumentParser
import LarderServer

/// The flags of every setting, as they were written: the table of settings gives them meaning.
struct SettingOptions: ParsableArguments {
    @Option(Setting.listen) var listen: [String] = []
    @Option(Setting.adminListen) var adminListen: [String] = []
    @Option(Setting.opsListen) var opsListen: [String] = []
    @Flag(
        name: .customLong(Setting.insecurePublic.flag),
        help: ArgumentHelp(
            "\(Setting.insecurePublic.summary) [\(Setting.insecurePublic.variable), \(Setting.insecurePublic.key)]"
        ))
    var insecurePublic = false
    @Option(Setting.tlsCertificate) var tlsCertificate: String?
    @Option(Setting.tlsKey) var tlsKey: String?
    @Option(Setting.tlsClientCA) var tlsClientCA: String?
    @Option(Setting.tlsClientRole) var tlsClientRole: String?
    @Option(Setting.tlsMinVersion) var tlsMinVersion: String?
    @Option(Setting.tokensFile) var tokensFile: String?
    @Option(Setting.threads) var threads: String?
    @Option(Setting.memory) var memory: String?
    @Option(Setting.entriesMax) var entriesMax: String?
    @Option(Setting.missCost) var missCost: String?
    @Option(Setting.keyBytesMax) var keyBytesMax: String?
    @Option(Setting.valueBytesMax) var valueBytesMax: String?
    @Option(Setting.inlineBytesMax) var inlineBytesMax: String?
    @Option(Setting.messageBytesMax) var messageBytesMax: String?
    @Option(Setting.streamsMax) var streamsMax: String?
    @Option(Setting.drainTimeout) var drainTimeout: String?
    @Option(Setting.reflection) var reflection: String?
    @Option(Setting.compression) var compression: String?
    @Option(Setting.logLevel) var logLevel: String?
    @Option(Setting.logFormat) var logFormat: String?
    @Option(Setting.connectionsMax) var connectionsMax: String?
    @Option(Setting.uploadMemory) var uploadMemory: String?
    @Option(Setting.egressMemory) var egressMemory: String?
    @Option(Setting.handshakeTimeout) var handshakeTimeout: String?
    @Option(Setting.requestTimeout) var requestTimeout: String?
    @Option(Setting.writeTimeout) var writeTimeout: String?
    @Option(Setting.idleTimeout) var idleTimeout: String?
    @Option(Setting.connectionAgeMax) var connectionAgeMax: String?
    @Option(Setting.connectionAgeGrace) var connectionAgeGrace: String?
    @Option(Setting.keepaliveTime) var keepaliveTime: String?
    @Option(Setting.keepaliveTimeout) var keepaliveTimeout: String?
    @Option(Setting.pingIntervalMin) var pingIntervalMin: String?

    /// What was given, by the setting's key.
    var given: [String: [String]] {
        let single: [(setting: Setting, text: String?)] = [
            (.insecurePublic, insecurePublic ? "true" : nil), (.tlsCertificate, tlsCertificate),
            (.tlsKey, tlsKey), (.tlsClientCA, tlsClientCA), (.tlsClientRole, tlsClientRole),
            (.tlsMinVersion, tlsMinVersion), (.tokensFile, tokensFile),
            (.threads, threads), (.memory, memory), (.entriesMax, entriesMax),
            (.missCost, missCost),
            (.keyBytesMax, keyBytesMax), (.valueBytesMax, valueBytesMax),
            (.inlineBytesMax, inlineBytesMax), (.messageBytesMax, messageBytesMax),
            (.streamsMax, streamsMax), (.drainTimeout, drainTimeout), (.reflection, reflection),
            (.compression, compression), (.logLevel, logLevel), (.logFormat, logFormat),
            (.connectionsMax, connectionsMax),
            (.uploadMemory, uploadMemory),
            (.egressMemory, egressMemory),
            (.handshakeTimeout, handshakeTimeout),
            (.requestTimeout, requestTimeout),
            (.writeTimeout, writeTimeout),
            (.idleTimeout, idleTimeout),
            (.connectionAgeMax, connectionAgeMax),
            (.connectionAgeGrace, connectionAgeGrace),
            (.keepaliveTime, keepaliveTime),
            (.keepaliveTimeout, keepaliveTimeout),
            (.pingIntervalMin, pingIntervalMin),
        ]
        var given: [String: [String]] = [:]
        let lists: [(setting: Setting, texts: [String])] = [
            (.listen, listen), (.adminListen, adminListen), (.opsListen, opsListen),
        ]
        for (setting, texts) in lists where !texts.isEmpty {
            given[setting.key] = texts.flatMap(Setting.listParts)
        }
        for (setting, text) in single {
            if let text { given[setting.key] = [text] }
        }
        return given
    }
}

extension Option<String?> {
    fileprivate init(_ setting: Setting) {
        self.init(name: .customLong(setting.flag), help: setting.help)
    }
}

extension Option<[String]> {
    fileprivate init(wrappedValue: [String], _ setting: Setting) {
        self.init(
            wrappedValue: wrappedValue, name: .customLong(setting.flag), parsing: .singleValue,
            help: setting.help)
    }
}

extension Setting {
    /// Its help: what it is for, what is allowed, the default, the variable and the key.
    fileprivate var help: ArgumentHelp {
        // The figures of a machine without end; where they depend on it, the table says so in words.
        let machine = Machine(memory: MachineMemory(totalBytes: nil, limitBytes: nil), cores: 1)
        let settings = Settings(machine: machine)
        let initial = defaultWords ?? value(in: settings)
        return ArgumentHelp(
            "\(summary) (default: \(initial)) [\(variable), \(key)]", valueName: valueName)
    }
}
