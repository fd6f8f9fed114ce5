import LarderIO
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("Listener")
struct ListenerTests {
    @Test("port 0 becomes a real port, which is taken then")
    func portInUse() throws {
        let first = try ListeningSocket(loopback)
        guard case .ip(let host, let port) = first.boundAddress else {
            Issue.record("no internet address")
            return
        }
        #expect(host == "127.0.0.1")
        #expect(port != 0)
        let error = #expect(throws: IOError.self) { try ListeningSocket(first.boundAddress) }
        #expect(error?.isAddressInUse == true)
        #expect(
            error?.description
                == "listen on 127.0.0.1:\(port): address already in use (EADDRINUSE)")
        try withLoop { loop in
            #expect(throws: IOError.self) {
                try Listener(loop: loop, address: first.boundAddress) { _ in }
            }
            loop.stop()
        }
    }

    @Test("a port is free again after its listener has closed")
    func freeAgain() throws {
        var address = loopback
        try withLoop { loop in
            let listener = try Listener(loop: loop, address: loopback) { _ in }
            address = listener.boundAddress
            listener.close()
            listener.close()
            loop.timer(afterMillis: 1) { loop.stop() }
        }
        _ = try ListeningSocket(address)
    }

    @Test("an empty host hears IPv4 and, where there is one, IPv6")
    func everyInterface() throws {
        try withLoop { loop in
            var accepted = 0
            let listener = try Listener(loop: loop, address: .ip(host: "", port: 0)) { stream in
                accepted += 1
                stream.close()
            }
            guard case .ip(let host, let port) = listener.boundAddress else { return }
            let hosts = host == "::" ? ["127.0.0.1", "::1", "", "localhost"] : ["127.0.0.1"]
            var connected = 0
            for host in hosts {
                ByteStream.connect(
                    loop: loop, address: .ip(host: host, port: port), timeoutMillis: 60_000
                ) { result in
                    switch result {
                    case .success(let stream): stream.close()
                    case .failure(let error): Issue.record(error)
                    }
                    connected += 1
                }
            }
            loop.timer(afterMillis: 0, repeatMillis: 1) {
                if connected == hosts.count, accepted == hosts.count { loop.stop() }
            }
        }
    }

    @Test("an address that is not ours cannot be listened at")
    func foreignAddress() {
        let error = #expect(throws: IOError.self) {
            try ListeningSocket(.ip(host: "192.0.2.1", port: 0))
        }
        #expect(error?.code == "EADDRNOTAVAIL")
    }

    @Test("one socket serves two loops")
    func sharedSocket() throws {
        let socket = try ListeningSocket(loopback)
        let notes = Notes()
        try withLoop { loop in
            let other = try EventLoop()
            let wanted = 40
            for served in [loop, other] {
                _ = try Listener(loop: served, socket: socket) { stream in
                    stream.close()
                    loop.submit {
                        notes.total += 1
                        if notes.total == wanted { loop.stop() }
                    }
                }
            }
            let thread = try LoopThread(name: "other") { other.run() }
            for _ in 0..<wanted {
                ByteStream.connect(
                    loop: loop, address: socket.boundAddress, timeoutMillis: 60_000
                ) { result in
                    if case .success(let stream) = result { stream.close() }
                }
            }
            loop.timer(afterMillis: 1) { _ = socket }
            loop.run()
            other.stop()
            thread.join()
            #expect(notes.total == wanted)
            loop.stop()
        }
    }

    @Test("an accepted socket moves to the loop that adopts it, once")
    func handingOver() throws {
        let notes = Notes()
        try withLoop { loop in
            let other = try EventLoop()
            let socket = try ListeningSocket(loopback)
            let listener = try Listener(
                loop: loop, socket: socket,
                onAcceptedSocket: { accepted in
                    other.submit {
                        do throws(IOError) {
                            let stream = try ByteStream(loop: other, adopting: accepted)
                            let ear = Ear(stream)
                            ear.send([1, 2, 3])
                            stream.closeAfterFlush()
                            ear.onClosed = { _ in notes.total += 1 }
                        } catch {
                            Issue.record(error)
                        }
                        let again = #expect(throws: IOError.self) {
                            try ByteStream(loop: other, adopting: accepted)
                        }
                        #expect(again?.code == "EBADF")
                    }
                })
            let thread = try LoopThread(name: "other") { other.run() }
            ByteStream.connect(
                loop: loop, address: listener.boundAddress, timeoutMillis: 60_000
            ) { result in
                guard case .success(let stream) = result else { return }
                Ear(stream).onClosed = { ear in
                    #expect(ear.bytes == [1, 2, 3])
                    loop.stop()
                }
            }
            loop.run()
            other.stop()
            thread.join()
            other.closeAll()
            #expect(notes.total == 1)
            loop.stop()
        }
    }

    @Test("an accepted socket that nobody adopts is closed")
    func nobodyAdopts() throws {
        try withLoop { loop in
            let socket = try ListeningSocket(loopback)
            _ = try Listener(loop: loop, socket: socket, onAcceptedSocket: { _ in })
            ByteStream.connect(
                loop: loop, address: socket.boundAddress, timeoutMillis: 60_000
            ) { result in
                guard case .success(let stream) = result else { return }
                Ear(stream).onClosed = { _ in loop.stop() }
            }
        }
    }

    @Test("a Unix socket: stale files go, live servers and other files stay, ours is removed")
    func unixFiles() throws {
        let path = socketPath("files")
        let address = SocketAddress.unix(path: path)
        try leaveStaleSocket(at: path)
        #expect(unsafe access(path, F_OK) == 0)
        var first: ListeningSocket? = try ListeningSocket(address, unixMode: 0o600)
        #expect(first?.boundAddress == address)
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let error = #expect(throws: IOError.self) { try ListeningSocket(address) }
        #expect(error?.isAddressInUse == true)
        #expect(unsafe access(path, F_OK) == 0, "the live server keeps its file")
        first = nil
        #expect(unsafe access(path, F_OK) != 0)

        let file = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        close(file)
        defer { unsafe unlink(path) }
        let refusal = #expect(throws: IOError.self) { try ListeningSocket(address) }
        #expect(refusal?.message == "a file that is no socket stands there")
        #expect(unsafe access(path, F_OK) == 0)
    }

    @Test("a Unix socket's file that somebody has replaced is left alone")
    func replacedFile() throws {
        let path = socketPath("replaced")
        var first: ListeningSocket? = try ListeningSocket(.unix(path: path))
        #expect(first != nil)
        unsafe unlink(path)
        let second = try ListeningSocket(.unix(path: path))
        first = nil
        #expect(unsafe access(path, F_OK) == 0)
        _ = second.boundAddress
    }

    @Test("short of descriptors, connections are dropped and counted, and the loop idles")
    func outOfDescriptors() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            var dropped = 0
            var kept: [ByteStream] = []
            let socket = try ListeningSocket(loopback)
            let listener = try Listener(loop: loop, socket: socket) { stream in
                kept.append(stream)
            }
            listener.onDropped = { dropped += $0 }
            var clients: [ByteStream] = []
            var hoard: [Int32] = []
            func fillUp() {
                var limit = rlimit(rlim_cur: 256, rlim_max: 256)
                unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                while true {
                    let number = dup(0)
                    if number < 0 { break }
                    hoard.append(number)
                }
            }
            for _ in 0..<8 {
                ByteStream.connect(
                    loop: loop, address: socket.boundAddress, timeoutMillis: 60_000
                ) { result in
                    if case .success(let stream) = result { clients.append(stream) }
                }
            }
            // The clients have their descriptors; the connections wait to be accepted.
            fillUp()
            var idleTurns = 0
            loop.timer(afterMillis: 50, repeatMillis: 10) {
                idleTurns += 1
                if dropped == 8 || idleTurns > 6_000 { loop.stop() }
            }
            loop.run()
            precondition(dropped == 8, "all were dropped and counted")
            precondition(kept.isEmpty)
            for number in hoard { close(number) }
            // With descriptors at hand again it accepts again.
            ByteStream.connect(
                loop: loop, address: socket.boundAddress, timeoutMillis: 60_000
            ) { _ in }
            loop.timer(afterMillis: 1, repeatMillis: 1) {
                if kept.count == 1 { loop.stop() }
            }
            loop.timer(afterMillis: 60_000) { preconditionFailure("accepts no more") }
            loop.run()
            loop.closeAll()
        }
    }

    private func leaveStaleSocket(at path: String) throws {
        let other = path + "x"
        let socket = try ListeningSocket(.unix(path: other))
        // Moved away, so that its end removes nothing.
        #expect(unsafe rename(other, path) == 0)
        _ = socket.boundAddress
    }
}
