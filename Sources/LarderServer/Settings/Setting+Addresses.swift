import LarderIO

// Where the server listens, and for whom.
extension Setting {
    package static let listen = addresses(
        "listen", flag: "listen",
        "Listen here: \(addressForms). Several are separated by commas, or the flag is given again.",
        isOptional: false, \.listen)

    package static let adminListen = addresses(
        "admin.listen", flag: "admin-listen",
        "Serve operators here, and AdminService nowhere else but to the role admin.",
        isOptional: true, \.adminListen)

    package static let opsListen = addresses(
        "ops.listen", flag: "ops-listen",
        "Answer GET of /metrics and /healthz here, in HTTP/1.1 without TLS or credentials.",
        isOptional: true, \.opsListen)

    private static let addressForms =
        "host:port, [ipv6]:port, :port (every interface) or unix:/path"

    /// What says that there is to be no address.
    private static let noAddress = "none"

    private static func addresses(
        _ key: String, flag: String, _ summary: String, isOptional: Bool,
        _ path: any WritableKeyPath<Settings, [String]> & Sendable
    ) -> Setting {
        let countMin = isOptional ? 0 : 1
        let allowed =
            "\(countMin) to \(Settings.listenCountMax) of \(addressForms), each different"
        return Setting(
            key: key, flag: flag, shape: .list, valueName: "address", summary: summary,
            allowed: { _, _ in isOptional ? "\(allowed), or \(noAddress)" : allowed },
            defaultWords: nil,
            adopt: { given, settings, _ in
                let texts = isOptional && given == [noAddress] ? [] : given
                guard (countMin...Settings.listenCountMax).contains(texts.count) else {
                    return .refused("\(texts.count)", "addresses are too few or too many")
                }
                var seen: Set<SocketAddress> = []
                for text in texts {
                    do throws(IOError) {
                        guard seen.insert(try SocketAddress(parsing: text)).inserted else {
                            return .refused(text, "is given twice")
                        }
                    } catch {
                        return .refused(text, "is not an address (\(error.message))")
                    }
                }
                settings[keyPath: path] = texts
                return .adopted
            },
            follow: { _ in },
            shown: { settings in
                let texts = settings[keyPath: path]
                return texts.isEmpty ? noAddress : texts.joined(separator: ",")
            })
    }
}
