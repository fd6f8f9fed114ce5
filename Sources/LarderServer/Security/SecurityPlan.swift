import LarderIO
import LarderService

/// Who is let in where, as the settings say it, with certificates and tokens read.
package final class SecurityPlan: Sendable {
    private let settings: Settings
    private let tls: TLSStore?
    package let credentials: CredentialStore?

    /// - Throws: what is wrong with the files, or that the server would be open to strangers.
    package init(_ settings: Settings) throws(SettingsError) {
        self.settings = settings
        try Self.checkTogether(settings)
        tls = try Self.context(settings).map(TLSStore.init)
        credentials = try Self.tokens(settings).map(CredentialStore.init)
        try Self.checkExposure(settings)
    }

    /// Reads the files again; what is wrong is told, and then everything stays as it was.
    package func reload() throws(SettingsError) {
        let newContext = try Self.context(settings)
        let newTokens = try Self.tokens(settings)
        if let tls, let newContext { tls.current = newContext }
        if let credentials, let newTokens { credentials.replace(newTokens) }
    }

    /// What connections get that come in where clients are awaited.
    func entrance(at address: SocketAddress) -> Entrance {
        let isLocal = address.isLoopback
        if address.isUnix {
            let role: Role = isAuthenticating || hasAdminListeners ? .write : .admin
            return Entrance(
                tls: nil, credentials: credentials,
                anonymous: credentials == nil ? Principal(role: role) : nil)
        }
        if isAuthenticating {
            return Entrance(
                tls: tls, credentials: credentials, anonymous: nil,
                certificateRole: settings.tlsClientCA == nil ? nil : settings.tlsClientRole.role)
        }
        let role: Role = isLocal && !hasAdminListeners ? .admin : .write
        return Entrance(tls: tls, credentials: nil, anonymous: Principal(role: role))
    }

    /// What connections get that come in where operators are awaited: the owner of a Unix socket
    /// needs no credentials.
    func adminEntrance(at address: SocketAddress) -> Entrance {
        if address.isUnix { return .open }
        if isAuthenticating { return entrance(at: address) }
        return Entrance(tls: tls, credentials: nil, anonymous: Principal(role: .admin))
    }

    private var isAuthenticating: Bool { credentials != nil || settings.tlsClientCA != nil }
    private var hasAdminListeners: Bool { !settings.adminListen.isEmpty }

    // MARK: What must not be

    private static func checkTogether(_ settings: Settings) throws(SettingsError) {
        if settings.tlsCertificate != nil, settings.tlsKey == nil {
            throw wrong("tls.key is missing: tls.certificate needs its key")
        }
        if settings.tlsKey != nil, settings.tlsCertificate == nil {
            throw wrong("tls.certificate is missing: tls.key is for one")
        }
        if settings.tlsClientCA != nil, settings.tlsCertificate == nil {
            throw wrong("tls.certificate is missing: tls.client-ca is of use with TLS only")
        }
    }

    /// Strangers get in with TLS and credentials, or because the operator has said so.
    private static func checkExposure(_ settings: Settings) throws(SettingsError) {
        let isGuarded =
            settings.tlsCertificate != nil
            && (settings.tokensFile != nil || settings.tlsClientCA != nil)
        guard !isGuarded else { return }
        if let text = settings.adminListen.first(where: { !isLoopback($0) }) {
            throw wrong(
                "admin.listen: \(OneLine.quoted(text)) can be reached from other machines: listen on the loopback or a Unix socket, or set tls.certificate, tls.key and auth.tokens-file or tls.client-ca"
            )
        }
        guard !settings.insecurePublic,
            let text = settings.listen.first(where: { !isLoopback($0) })
        else { return }
        let missing =
            settings.tlsCertificate == nil
            ? "TLS (tls.certificate, tls.key) and credentials (auth.tokens-file or tls.client-ca)"
            : "credentials (auth.tokens-file or tls.client-ca)"
        throw wrong(
            "listen: \(OneLine.quoted(text)) can be reached from other machines, where anyone could read and write the cache: set \(missing), or say --insecure-public"
        )
    }

    package static func isLoopback(_ text: String) -> Bool {
        (try? SocketAddress(parsing: text))?.isLoopback ?? false
    }

    // MARK: Files

    private static func context(_ settings: Settings) throws(SettingsError) -> TLSContext? {
        guard let certificate = settings.tlsCertificate, let key = settings.tlsKey else {
            return nil
        }
        do throws(TLSError) {
            return try TLSContext.server(
                certificate: certificate, key: key, clientAuthority: settings.tlsClientCA,
                minVersion: settings.tlsMinVersion.version)
        } catch {
            switch error.part {
            case .certificate: throw wrong("tls.certificate", certificate, error.reason)
            case .key: throw wrong("tls.key", key, error.reason)
            case .authority:
                throw wrong("tls.client-ca", settings.tlsClientCA ?? "", error.reason)
            case .session: throw wrong("tls: \(error.reason)")
            }
        }
    }

    private static func tokens(_ settings: Settings) throws(SettingsError) -> TokenFile? {
        guard let path = settings.tokensFile else { return nil }
        let setting = "auth.tokens-file"
        let bytes: [UInt8]
        do throws(FileContents.Failure) {
            bytes = try FileContents.read(path, bytesMax: TokenFile.fileBytesMax)
        } catch {
            throw wrong(setting, path, "can't be read: \(error)")
        }
        do throws(TokenFile.Failure) {
            let file = try TokenFile(parsing: String(decoding: bytes, as: UTF8.self))
            guard !file.entries.isEmpty else {
                throw TokenFile.Failure(line: 1, reason: "no token")
            }
            return file
        } catch {
            throw wrong(setting, path, error.description)
        }
    }

    private static func wrong(_ setting: String, _ path: String, _ what: String) -> SettingsError {
        wrong("\(setting): \(OneLine.quoted(path)): \(OneLine.text(what))")
    }

    private static func wrong(_ what: String) -> SettingsError {
        SettingsError(what, exitCode: ExitStatus.configuration)
    }
}

extension SocketAddress {
    var isUnix: Bool {
        switch self {
        case .unix: true
        case .ip: false
        }
    }
}
