import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Takes the connections that arrive at one address, on one loop.
///
/// There are two ways to spread connections over loops:
/// - `init(loop:socket:)` on every loop with one shared socket: whichever loop wakes first takes
///   what is there, so idle loops take more, and a burst may go to one loop.
/// - `init(loop:socket:onAcceptedSocket:)` on one loop, which hands each socket to the loop of its
///   choice: exactly even for a few as for many, at the price of one wake-up per connection.
@safe
package final class Listener: Handle {
    // libuv's own listening sockets accept until nothing is left and, short of descriptors, drop
    // connections without a word. Here the turn is bounded and what is dropped is counted.
    private static let acceptsPerTurnMax = 64
    private static let pauseMillis: UInt64 = 100

    package let boundAddress: SocketAddress
    /// Tells how many connections were dropped since the last call because the process or the
    /// system has no descriptor or memory left for them.
    package var onDropped: ((Int) -> Void)?

    private var socket: ListeningSocket?
    private var onAccept: ((AcceptedSocket) -> Void)?
    private var number: Int32
    private var reserve: Int32
    private var pause: Timer?

    /// Hands every connection out as a socket that any loop may adopt.
    package init(
        loop: EventLoop, socket: ListeningSocket,
        onAcceptedSocket: @escaping (AcceptedSocket) -> Void
    ) throws(IOError) {
        assert(loop.isHere, "a listener is made on its loop's thread")
        let context = "listen on \(socket.boundAddress)"
        number = try socket.duplicate().take()
        boundAddress = socket.boundAddress
        self.socket = socket
        onAccept = onAcceptedSocket
        reserve = Self.openReserve()
        unsafe super.init(loop.core, holding: uv_poll_t.self)
        let made = unsafe uv_poll_init(core.loop, view(as: uv_poll_t.self), number)
        guard made == 0 else { throw IOError(libuv: made, context) }
        didOpen()
        let started = startPolling()
        guard started == 0 else {
            close()
            throw IOError(libuv: started, context)
        }
    }

    /// Serves every connection on this listener's own loop.
    package convenience init(
        loop: EventLoop, socket: ListeningSocket, onAccept: @escaping (ByteStream) -> Void
    ) throws(IOError) {
        let core = loop.core
        try self.init(loop: loop, socket: socket) { accepted in
            // A peer that is gone already is no event worth telling.
            guard let stream = try? ByteStream(core, adopting: accepted) else { return }
            onAccept(stream)
        }
    }

    package convenience init(
        loop: EventLoop, address: SocketAddress, onAccept: @escaping (ByteStream) -> Void
    ) throws(IOError) {
        try self.init(loop: loop, socket: ListeningSocket(address), onAccept: onAccept)
    }

    deinit {
        closeDescriptors()
    }

    private func closeDescriptors() {
        if number >= 0 { _ = FileDescriptor(number) }
        if reserve >= 0 { _ = FileDescriptor(reserve) }
        number = -1
        reserve = -1
    }

    /// Stops listening. Idempotent. Connections that nobody has accepted yet are refused once the
    /// last listener of the socket has closed.
    package func close() {
        pause?.cancel()
        pause = nil
        closeHandle()
    }

    /// Takes the connections that the kernel has accepted already, then stops listening: whoever
    /// was let in before is not refused.
    package func closeAfterAccepting() {
        // More than the kernel keeps would come from peers that go on connecting.
        let turnsMax = ListeningSocket.backlogDefault / Self.acceptsPerTurnMax + 1
        for _ in 0..<turnsMax where isOpen && pause == nil {
            guard acceptWaiting() else { break }
        }
        close()
    }

    override func loopIsEnding() {
        close()
    }

    override func didClose() {
        closeDescriptors()
        socket = nil
        onAccept = nil
        onDropped = nil
    }

    // MARK: Accepting

    private func startPolling() -> Int32 {
        unsafe uv_poll_start(view(as: uv_poll_t.self), Int32(UV_READABLE.rawValue)) { poll, _, _ in
            guard let poll = unsafe poll else { return }
            unsafe Handle.owner(of: poll, as: Listener.self).acceptWaiting()
        }
    }

    private var isUnix: Bool {
        switch boundAddress {
        case .ip: false
        case .unix: true
        }
    }

    /// - Returns: whether there may be more.
    @discardableResult
    private func acceptWaiting() -> Bool {
        var dropped = 0
        var isEmpty = false
        turn: for _ in 0..<Self.acceptsPerTurnMax {
            guard isOpen else { break }
            let connection = accept(number, nil, nil)
            if connection >= 0 {
                let descriptor = FileDescriptor(connection)
                descriptor.closeOnExec()
                onAccept?(AcceptedSocket(descriptor, isUnix: isUnix))
                continue
            }
            switch errno {
            case EMFILE, ENFILE:
                guard dropOne() else { break turn }
                dropped += 1
            case EAGAIN:
                isEmpty = true
                break turn
            case EINTR, ECONNABORTED, EPROTO: continue
            default:
                rest()
                break turn
            }
        }
        if dropped > 0 { onDropped?(dropped) }
        return !isEmpty
    }

    /// Without a descriptor the connection would stay in the queue and wake the loop for ever. The
    /// reserved one is given up for the moment that it takes to accept and close.
    private func dropOne() -> Bool {
        if reserve >= 0 { _ = FileDescriptor(reserve) }
        let connection = accept(number, nil, nil)
        if connection >= 0 { _ = FileDescriptor(connection) }
        reserve = Self.openReserve()
        // Another thread may have been faster than we: then we wait.
        if connection < 0 { rest() }
        return connection >= 0
    }

    private func rest() {
        guard isOpen, pause == nil else { return }
        unsafe uv_poll_stop(view(as: uv_poll_t.self))
        pause = Timer(core, afterMillis: Self.pauseMillis, repeatMillis: 0) { [weak self] in
            guard let self, isOpen else { return }
            pause = nil
            _ = startPolling()
        }
    }

    private static func openReserve() -> Int32 {
        let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        return number
    }
}
