/// How a client makes sure of its server, and shows who it is. Files are PEM.
package struct ClientSecurity: Sendable, Equatable {
    /// Who signs the server's certificate; nil: the authorities that the system trusts.
    package var authority: String?
    /// The client's own, if the server wants one.
    package var certificate: String?
    /// Nil: it stands in the certificate's file.
    package var key: String?
    /// The name that the certificate has to be for; nil: the host that is called.
    package var serverName: String?

    package init() {}
}
