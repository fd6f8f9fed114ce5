import LarderGRPC
import LarderHTTP2
import LarderService

/// What the headers of a call say, besides who calls.
struct CallPlan {
    let method: Method
    let encodings: CallEncodings
    let timeoutNanos: UInt64?
}

/// The plans of calls whose headers came before, by the number of their list.
///
/// A plan is a function of the list and of what the server does not change while it runs. Who may
/// call is neither, and asked for each call.
struct KnownCalls: ~Copyable {
    private var plans = InlineArray<4, (learnt: Int, plan: CallPlan)?>(repeating: nil)

    init() {
        precondition(plans.count >= HeaderRange.learntPlaces, "each list has its place")
    }

    func plan(_ fields: HeaderRange) -> CallPlan? {
        let learnt = fields.learnt
        guard learnt > 0, let known = plans[learnt % HeaderRange.learntPlaces],
            known.learnt == learnt
        else { return nil }
        return known.plan
    }

    mutating func keep(_ plan: CallPlan, _ fields: HeaderRange) {
        let learnt = fields.learnt
        guard learnt > 0 else { return }
        plans[learnt % HeaderRange.learntPlaces] = (learnt, plan)
    }
}
