import CLibuv

/// Calls back on a loop when the process receives a signal.
@safe
package final class SignalWatch: Handle {
    private var body: (() -> Void)?

    init(_ core: LoopCore, _ number: Int32, _ body: @escaping () -> Void) throws(IOError) {
        assert(core.isHere, "a loop's signals are watched from its thread")
        self.body = body
        unsafe super.init(core, holding: uv_signal_t.self)
        let made = unsafe uv_signal_init(core.loop, view(as: uv_signal_t.self))
        guard made == 0 else { throw IOError(libuv: made, "watch signal \(number)") }
        didOpen()
        let started = unsafe uv_signal_start(
            view(as: uv_signal_t.self),
            { signal, _ in
                guard let signal = unsafe signal else { return }
                unsafe Handle.owner(of: signal, as: SignalWatch.self).body?()
            }, number)
        guard started == 0 else {
            cancel()
            throw IOError(libuv: started, "watch signal \(number)")
        }
    }

    /// Idempotent. The signal's default effect is back once nobody watches it.
    package func cancel() {
        body = nil
        closeHandle()
    }

    override func didClose() {
        body = nil
    }
}
