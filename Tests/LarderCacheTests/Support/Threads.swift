#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs `body` on so many threads of the system at once, and returns when all are done.
///
/// Tasks would not do: they share as many threads as there are processors.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var threads: [pthread_t] = []
    for index in 0..<count {
        let work = ThreadWork { body(index) }
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        precondition(result == 0, "the system grants a few threads")
        threads.append(thread)
    }
    for thread in threads { _ = pthread_join(thread, nil) }
}

private final class ThreadWork: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// How much the long tests do: more on demand, by variables of the environment.
enum TestScale {
    /// Operations of a test with several threads, all threads together.
    static let operations = number("LARDER_TEST_OPERATIONS", usual: 800_000)
    /// Seeds of the model test.
    static let seeds = number("LARDER_TEST_SEEDS", usual: 250)
    /// Entries that expire at once.
    static let entries = number("LARDER_TEST_ENTRIES", usual: 50_000)

    /// The number in a variable of the environment.
    static func number(_ name: String, usual: Int) -> Int {
        guard let text = unsafe getenv(name), let number = Int(unsafe String(cString: text)),
            number > 0
        else { return usual }
        return number
    }
}
