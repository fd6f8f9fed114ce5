import LarderIO

/// A socket that listens, and what those who come in there get.
struct Door {
    let socket: ListeningSocket
    let entrance: Entrance

    /// The file of a Unix socket for operators is its owner's.
    private static let adminSocketMode: UInt32 = 0o600

    /// Every door that the settings name.
    static func all(
        _ settings: Settings, _ security: SecurityPlan
    ) throws(ServerError) -> [Door] {
        var doors: [Door] = []
        for text in settings.listen {
            let socket = try listen(text)
            doors.append(
                Door(socket: socket, entrance: security.entrance(at: socket.boundAddress)))
        }
        for text in settings.adminListen {
            let socket = try listen(text, unixMode: adminSocketMode)
            doors.append(
                Door(socket: socket, entrance: security.adminEntrance(at: socket.boundAddress)))
        }
        return doors
    }

    static func listen(
        _ text: String, unixMode: UInt32? = nil
    ) throws(ServerError) -> ListeningSocket {
        do throws(IOError) {
            return try ListeningSocket(SocketAddress(parsing: text), unixMode: unixMode)
        } catch {
            if error.isAddressInUse { throw .addressInUse(text) }
            throw .cannotListen(text, reason: error.message)
        }
    }
}
