/// The bounds of one connection to a server.
package struct ChannelOptions: Sendable {
    /// How long a connection may take to be made.
    package var connectTimeoutMillis: UInt64 = 10_000
    /// The longest message that is taken from the server.
    package var receivedMessageBytesMax: UInt32 = 64 << 20
    /// `ClientCall.send` waits while more than this is unsent.
    package var unsentBytesMax = 1 << 20
    /// How far the server may send ahead of the caller on one call.
    package var callWindowBytes = 1 << 20
    /// How far the server may send ahead on all calls together.
    package var connectionWindowBytes = 16 << 20
    package var userAgent = "larder-client"
    /// Nil: cleartext.
    package var security: ClientSecurity?
    /// Shown with every call. Never sent in cleartext to another machine.
    package var token: String?

    package init() {}
}
