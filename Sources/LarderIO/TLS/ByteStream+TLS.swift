import CLibuv

// A stream with TLS between the socket and the delegate.
//
// What the delegate appends is plaintext and waits in `output`; a flush encrypts it into the
// output of the machine's wire, which leaves as the output of a stream without TLS does.
extension ByteStream {
    /// Plaintext of one round, and a frame of up to 128 KiB more: about so much ciphertext a peer who
    /// reads nothing can make us keep.
    static let securedRoundBytesMax = 96 * 1024

    /// A secured stream's part of it.
    final class Security {
        let machine: TLSMachine
        let plaintext: TLSBuffer
        var hasSaidEnd = false

        init(_ machine: TLSMachine, _ core: LoopCore) {
            self.machine = machine
            plaintext = core.plaintext
        }
    }

    /// Lets the stream be secured, as a server's, before `start`. The delegate is told `secured`
    /// when the peer has shaken hands; what it sends before waits.
    package func secure(server context: TLSContext) throws(TLSError) {
        secure(with: try TLSMachine(server: context, blocks: core.blocks))
    }

    /// The same as a client's, for a server of this name.
    package func secure(client context: TLSContext, serverName: String) throws(TLSError) {
        secure(
            with: try TLSMachine(client: context, serverName: serverName, blocks: core.blocks))
    }

    private func secure(with machine: TLSMachine) {
        precondition(state == .ready && output.isEmpty, "a stream is secured before it is used")
        security = Security(machine, core)
        output.limitRound(bytes: Self.securedRoundBytesMax)
        // Each segment begins a record, which costs more than to copy what is shorter than one.
        output.joinReferences(shorterThan: TLSMachine.recordBytesMax)
    }

    /// The URIs among the alternative names of the peer's certificate.
    package var peerURIs: [String] { security?.machine.peerURIs ?? [] }

    /// A client speaks first.
    func beginHandshake(_ security: Security) {
        do throws(TLSError) {
            try security.machine.begin()
            writeCiphertext(security)
        } catch {
            close(error.ioError)
        }
    }

    func deliver(_ bytes: Span<UInt8>, through security: Security) {
        guard state == .open else { return }
        let wasEstablished = security.machine.isEstablished
        let plaintext = security.plaintext
        let count: Int
        do throws(TLSError) {
            count = try security.machine.receive(bytes, into: plaintext)
        } catch {
            // The alert that tells the peer why is still to go out.
            output.clear()
            security.hasSaidEnd = true
            writeCiphertext(security)
            return finish(error.ioError)
        }
        if security.machine.hasWords { writeCiphertext(security) }
        if !wasEstablished, security.machine.isEstablished, state == .open {
            listener?.secured()
            flush()
            if state == .open, !isWriting { listener?.drained() }
        }
        if count > 0, state == .open { listener?.received(plaintext.bytes(count)) }
        if security.machine.hasPeerEnded, state == .open { peerEndedInOrder() }
    }

    /// Encrypts what is queued and sends it.
    func writeOut(through security: Security) {
        guard security.machine.isEstablished else { return }
        var failure: TLSError?
        unsafe output.drain(
            writing: { segments, count in
                var bytes = 0
                for index in 0..<count {
                    let segment = unsafe segments[index]
                    bytes += unsafe segment.len
                    guard failure == nil, let base = unsafe segment.base else { continue }
                    let start = unsafe UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self)
                    do throws(TLSError) {
                        try security.machine.encrypt(
                            unsafe Span(_unsafeStart: start, count: segment.len))
                    } catch {
                        failure = error
                    }
                }
                return bytes
            }, keeping: { _ in })
        if let failure { return close(failure.ioError) }
        write(security.machine.wire.output)
    }

    /// Sends what the protocol itself has to say, unless an earlier write is still going on: then
    /// it goes first with the next one.
    func writeCiphertext(_ security: Security) {
        guard writingBytes == 0, state != .closed else { return }
        do throws(TLSError) {
            try security.machine.wire.releaseWords()
        } catch {
            return close(error.ioError)
        }
        if !security.machine.wire.output.isEmpty { write(security.machine.wire.output) }
    }

    /// Tells the peer that our side ends here, or why it does.
    func sayEnd(_ security: Security) {
        if !security.hasSaidEnd {
            security.hasSaidEnd = true
            security.machine.end()
        }
        writeCiphertext(security)
    }
}
