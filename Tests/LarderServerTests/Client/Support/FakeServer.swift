import LarderHTTP2
import LarderIO
import Synchronization

/// A small gRPC server for the client's tests, on a port of its own.
///
/// What it does with a call is told by the method's name: see `FakeConnection`.
final class FakeServer: Sendable {
    let address: String
    let notes = FakeNotes()
    private let loop: EventLoop
    private let thread: LoopThread

    init(address: String = "127.0.0.1:0") throws {
        let loop = try EventLoop()
        let notes = notes
        let wanted = try SocketAddress(parsing: address)
        let listener = try Listener(loop: loop, address: wanted) { stream in
            notes.connectionCount.withLock { $0 += 1 }
            FakeConnection(loop: loop, stream: stream, notes: notes).start()
        }
        self.address = listener.boundAddress.description
        self.loop = loop
        thread = try LoopThread(name: "fake-server") {
            loop.run()
            loop.closeAll()
        }
    }

    deinit {
        stop()
    }

    func stop() {
        loop.stop()
        thread.join()
    }
}

/// What a fake server saw.
final class FakeNotes: Sendable {
    let connectionCount = Mutex(0)
    let callCount = Mutex(0)
    let resetCount = Mutex(0)
    let receivedBytes = Mutex(0)
    let receivedMessages = Mutex<[[UInt8]]>([])
    let authorities = Mutex<[String]>([])
}
