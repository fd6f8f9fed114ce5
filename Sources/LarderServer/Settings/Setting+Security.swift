// Who is let in.
extension Setting {
    package static let insecurePublic = truth(
        "server.insecure-public", flag: "insecure-public",
        "Serve other machines without TLS or without credentials.", \Settings.insecurePublic)

    package static let tlsCertificate = path(
        "tls.certificate", flag: "tls-certificate",
        "The server's certificate with its chain, PEM: TCP listeners speak TLS.",
        \Settings.tlsCertificate)

    package static let tlsKey = path(
        "tls.key", flag: "tls-key", "The certificate's private key, PEM, not encrypted.",
        \Settings.tlsKey)

    package static let tlsClientCA = path(
        "tls.client-ca", flag: "tls-client-ca",
        "Clients need a certificate signed by one of these, PEM.", \Settings.tlsClientCA)

    package static let tlsClientRole = choice(
        "tls.client-role", flag: "tls-client-role",
        "The role of a client whose certificate names none as larder:role:ROLE",
        valueName: "role", \Settings.tlsClientRole)

    package static let tlsMinVersion = choice(
        "tls.min-version", flag: "tls-min-version", "The oldest TLS that clients may speak",
        valueName: "version", \Settings.tlsMinVersion)

    package static let tokensFile = path(
        "auth.tokens-file", flag: "tokens-file",
        "Clients need a token whose hash stands in this file.", \Settings.tokensFile)

    package static let reflection = truth(
        "server.reflection", flag: "reflection", "Answer gRPC reflection.", \Settings.reflection,
        defaultWords: "true if only this machine can reach the server",
        following: { settings in
            (settings.listen + settings.adminListen).allSatisfy { SecurityPlan.isLoopback($0) }
        })

    private static let pathBytesMax = 4_096

    private static func path(
        _ key: String, flag: String, _ summary: String,
        _ path: any WritableKeyPath<Settings, String?> & Sendable
    ) -> Setting {
        Setting(
            key: key, flag: flag, shape: .text, valueName: "file", summary: summary,
            allowed: { _, _ in "the path of a file, or none" }, defaultWords: nil,
            adopt: { given, settings, _ in
                let text = given.last ?? ""
                guard !text.isEmpty, text.utf8.count <= pathBytesMax, !text.utf8.contains(0) else {
                    return .refused(text, "is not a path")
                }
                settings[keyPath: path] = text == "none" ? nil : text
                return .adopted
            },
            follow: { _ in },
            shown: { $0[keyPath: path] ?? "none" })
    }
}
