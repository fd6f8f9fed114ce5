import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension ByteStream {
    /// Connects to `address`, trying each address of a name in turn, and tells how it went: on the
    /// loop, exactly once, never before this call returns. The stream wants a delegate and `start`.
    @discardableResult
    package static func connect(
        loop: EventLoop, address: SocketAddress, timeoutMillis: UInt64,
        completion: @escaping (Result<ByteStream, IOError>) -> Void
    ) -> ConnectAttempt {
        assert(loop.isHere, "a stream is made on its loop's thread")
        return ConnectAttempt(loop.core, address, timeoutMillis, completion)
    }
}

/// A connection that is being made.
@safe
package final class ConnectAttempt {
    private let core: LoopCore
    private let address: SocketAddress
    private var completion: ((Result<ByteStream, IOError>) -> Void)?
    private var timeout: Timer?
    private var candidates: [SocketName] = []
    private var stream: ByteStream?
    private var lastError: IOError?
    private var lookUp: UnsafeMutablePointer<uv_getaddrinfo_t>?

    fileprivate init(
        _ core: LoopCore, _ address: SocketAddress, _ timeoutMillis: UInt64,
        _ completion: @escaping (Result<ByteStream, IOError>) -> Void
    ) {
        self.core = core
        self.address = address
        self.completion = completion
        core.keep(self)
        timeout = Timer(core, afterMillis: timeoutMillis, repeatMillis: 0) { [weak self] in
            guard let self else { return }
            let error = IOError(
                code: "ETIMEDOUT", message: "connection timed out", context: context)
            finish(.failure(error))
        }
        begin()
    }

    /// Gives up: `completion` gets ECANCELED, later in the loop's turn. Idempotent.
    package func cancel() {
        guard completion != nil else { return }
        core.later { self.finish(.failure(.cancelled)) }
    }

    func loopIsEnding() {
        finish(.failure(.cancelled))
    }

    private var context: String { "connect to \(address)" }

    private func finish(_ result: Result<ByteStream, IOError>) {
        guard let done = completion else { return }
        completion = nil
        timeout?.cancel()
        timeout = nil
        stream?.close()
        stream = nil
        if let lookUp = unsafe lookUp {
            // Still queued: called back at once. Under way: the answer will find nobody.
            unsafe UnsafeMutableRawPointer(lookUp).assumingMemoryBound(to: uv_req_t.self)
                .cancelRequest()
        }
        core.forget(self)
        done(result)
    }

    // MARK: Addresses

    private func begin() {
        switch address {
        case .unix: tryNext()
        case .ip(let host, let port):
            let host = host.isEmpty ? "localhost" : host
            if let name = SocketName(literal: host, port: port) {
                candidates = [name]
                tryNext()
            } else {
                resolve(host, port)
            }
        }
    }

    private func resolve(_ host: String, _ port: UInt16) {
        let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
        unsafe request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        var hints = unsafe SocketName.hints
        let result = unsafe uv_getaddrinfo(
            core.loop, request,
            { request, status, list in
                guard let request = unsafe request else { return }
                let attempt = unsafe Unmanaged<ConnectAttempt>.fromOpaque(request.pointee.data)
                    .takeRetainedValue()
                let names = unsafe SocketName.names(in: list)
                unsafe uv_freeaddrinfo(list)
                unsafe request.deallocate()
                unsafe attempt.lookUp = nil
                attempt.didResolve(status, names)
            }, host, "\(port)", &hints)
        guard result == 0 else {
            unsafe Unmanaged.passUnretained(self).release()
            unsafe request.deallocate()
            lastError = IOError(libuv: result, context)
            return core.later { self.tryNext() }
        }
        unsafe lookUp = request
    }

    private func didResolve(_ status: Int32, _ names: [SocketName]) {
        guard completion != nil else { return }
        if status != 0 { lastError = IOError(libuv: status, context) }
        candidates = names.reversed()
        tryNext()
    }

    // MARK: Connecting

    private func tryNext() {
        guard completion != nil else { return }
        while true {
            let name: SocketName?
            switch address {
            case .unix:
                // One path, one try.
                guard lastError == nil else { return giveUp() }
                name = nil
            case .ip:
                guard let next = candidates.popLast() else { return giveUp() }
                name = next
            }
            do throws(IOError) {
                return try connect(to: name)
            } catch {
                lastError = error
            }
        }
    }

    private func giveUp() {
        let error =
            lastError
            ?? IOError(code: "ENOTFOUND", message: "the host has no address", context: context)
        core.later { self.finish(.failure(error)) }
    }

    private func connect(to name: SocketName?) throws(IOError) {
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        let made: ByteStream
        do throws(IOError) {
            made = try ByteStream(core, name == nil ? .unix : .tcp)
        } catch {
            unsafe request.deallocate()
            throw error
        }
        unsafe request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let answer: uv_connect_cb = { request, status in
            guard let request = unsafe request else { return }
            let attempt = unsafe Unmanaged<ConnectAttempt>.fromOpaque(request.pointee.data)
                .takeRetainedValue()
            unsafe request.deallocate()
            attempt.didConnect(status)
        }
        stream = made
        if let name {
            let result = unsafe name.withPointer {
                unsafe uv_tcp_connect(request, made.view(as: uv_tcp_t.self), $0, answer)
            }
            guard result == 0 else {
                unsafe Unmanaged.passUnretained(self).release()
                unsafe request.deallocate()
                made.close()
                stream = nil
                throw IOError(libuv: result, context)
            }
        } else if case .unix(let path) = address {
            unsafe uv_pipe_connect(request, made.view(as: uv_pipe_t.self), path, answer)
        }
    }

    private func didConnect(_ status: Int32) {
        // Given up meanwhile: the stream is closed, and this is its last word.
        guard completion != nil, let made = stream else { return }
        stream = nil
        guard status == 0 else {
            made.close()
            lastError = IOError(libuv: status, context)
            return tryNext()
        }
        made.didConnect()
        finish(.success(made))
    }
}

extension UnsafeMutablePointer<uv_req_t> {
    fileprivate func cancelRequest() {
        _ = unsafe uv_cancel(self)
    }
}
