import LarderGRPC
import LarderHTTP2
import LarderService

/// What the headers of a call say, besides who calls.
struct CallPlan {
    let method: Method
    let encodings: CallEncodings
    var timeoutNanos: UInt64?
}

/// The plans of calls whose headers came before, by the number of their list.
///
/// A plan is a function of the list and of what the server does not change while it runs. Who may
/// call is neither, and asked for each call. The timeout is all that may differ in lists of one
/// number, and so is read each time.
struct KnownCalls: ~Copyable {
    static let timeoutField = VaryingField(CallHead.timeoutName)

    private var plans = InlineArray<4, (learnt: Int, plan: CallPlan)?>(repeating: nil)

    init() {
        precondition(plans.count >= HeaderRange.learntPlaces, "each list has its place")
    }

    /// Nil: nothing is known of the list, or its timeout is none that a call can have.
    func plan(_ fields: HeaderRange, _ session: borrowing ServerSession) -> CallPlan? {
        let learnt = fields.learnt
        guard learnt > 0, let known = plans[learnt % HeaderRange.learntPlaces],
            known.learnt == learnt
        else { return nil }
        guard fields.isVarying else { return known.plan }
        guard let nanos = CallHead.timeoutNanos(session.fields(fields).varying) else { return nil }
        var plan = known.plan
        plan.timeoutNanos = nanos
        return plan
    }

    mutating func keep(_ plan: CallPlan, _ fields: HeaderRange) {
        let learnt = fields.learnt
        guard learnt > 0 else { return }
        plans[learnt % HeaderRange.learntPlaces] = (learnt, plan)
    }
}
