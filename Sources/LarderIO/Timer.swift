import CLibuv

/// A call that a loop makes later, once or again and again.
@safe
package final class Timer: Handle {
    private var body: (() -> Void)?
    private let repeatMillis: UInt64

    init(
        _ core: LoopCore, afterMillis: UInt64, repeatMillis: UInt64, _ body: @escaping () -> Void
    ) {
        assert(core.isHere, "a loop's timers are made on its thread")
        self.body = body
        self.repeatMillis = repeatMillis
        unsafe super.init(core, holding: uv_timer_t.self)
        unsafe uv_timer_init(core.loop, view(as: uv_timer_t.self))
        didOpen()
        restart(afterMillis: afterMillis)
    }

    package var isCancelled: Bool { !isOpen }

    /// Starts the wait anew. A timer that does not repeat is over once its body has returned,
    /// unless that body restarts it.
    package func restart(afterMillis: UInt64) {
        guard isOpen else { return }
        // libuv counts whole milliseconds from a clock that it reads once a turn. Read now and
        // rounded up, a timer never fires before its time, so a deadline has passed when it does.
        unsafe uv_update_time(core.loop)
        let millis = afterMillis == 0 || afterMillis == .max ? afterMillis : afterMillis + 1
        unsafe uv_timer_start(
            view(as: uv_timer_t.self),
            { timer in
                guard let timer = unsafe timer else { return }
                unsafe Handle.owner(of: timer, as: Timer.self).fire()
            }, millis, repeatMillis)
    }

    /// Idempotent. The body is not called again and is let go of.
    package func cancel() {
        body = nil
        closeHandle()
    }

    private func fire() {
        core.refreshNanos()
        body?()
        if isOpen, unsafe uv_is_active(raw) == 0 { cancel() }
    }

    override func didClose() {
        body = nil
    }
}
