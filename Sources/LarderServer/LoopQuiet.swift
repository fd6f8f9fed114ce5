import LarderIO
import LarderService

/// When a loop that nobody speaks to gives memory back: at once, and again a while after the last
/// time at the soonest, so that one who comes and goes all the time does not pay for it each time.
final class LoopQuiet {
    private static let everyNanos: UInt64 = 500_000_000

    private var isQuiet = false
    private var timer: Timer?
    private var nextAtNanos: UInt64 = 0

    /// Nobody speaks: `giveBack` is called on the loop, unless somebody does before.
    func begins(on loop: EventLoop, _ giveBack: @escaping () -> Void) {
        guard !isQuiet else { return }
        isQuiet = true
        let now = loop.nowNanos
        let nanos = nextAtNanos > now ? nextAtNanos - now : 0
        timer = loop.timer(afterMillis: nanos / nanosPerMilli) { [weak self, unowned loop] in
            self?.nextAtNanos = loop.nowNanos &+ Self.everyNanos
            giveBack()
        }
    }

    /// Somebody speaks.
    func ends() {
        isQuiet = false
        timer?.cancel()
        timer = nil
    }
}
