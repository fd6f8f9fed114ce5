package import LarderService

/// What the ops port has to tell: metrics and health.
package struct OpsPages: Sendable {
    private let health: HealthState
    private let metrics: @Sendable () -> MetricsText

    package init(health: HealthState, metrics: @escaping @Sendable () -> MetricsText) {
        self.health = health
        self.metrics = metrics
    }

    /// The whole answer to a request, as it is sent.
    package func answer(_ request: OpsRequest) -> [UInt8] {
        let isHead = request.method == "HEAD"
        let answer =
            switch request.path {
            case "/metrics", "/healthz":
                isHead || request.method == "GET"
                    ? page(request.path)
                    : OpsAnswer(.methodNotAllowed, "this page is read with GET or HEAD\n")
            default: OpsAnswer(.notFound, "no such page: there are /metrics and /healthz\n")
            }
        return answer.bytes(toHead: isHead)
    }

    private func page(_ path: String) -> OpsAnswer {
        guard path == "/metrics" else {
            return health.isServing
                ? OpsAnswer(.ok, "serving\n") : OpsAnswer(.unavailable, "not serving\n")
        }
        var answer = OpsAnswer(.ok, metrics().text)
        answer.contentType = MetricsText.contentType
        return answer
    }
}
