import LarderProtocol

extension Samples {
    static func touchRequest(_ random: inout Seeded) -> TouchRequest {
        TouchRequest(
            key: random.bytes(), namespace: random.text(),
            ttlMillis: random.maybe { random in random.uint64() },
            mode: TouchMode(rawValue: random.int32()))
    }

    static func touchResponse(_ random: inout Seeded) -> TouchResponse {
        TouchResponse(
            outcome: TouchOutcome(rawValue: random.int32()),
            ttlMillis: random.maybe { random in random.uint64() })
    }

    static func incrementRequest(_ random: inout Seeded) -> IncrementRequest {
        IncrementRequest(
            key: random.bytes(), delta: number(&random), namespace: random.text(),
            initial: random.maybe(number), ttlMillis: random.maybe { random in random.uint64() },
            upperBound: random.maybe(number), lowerBound: random.maybe(number))
    }

    static func incrementResponse(_ random: inout Seeded) -> IncrementResponse {
        IncrementResponse(
            outcome: IncrementOutcome(rawValue: random.int32()), value: number(&random),
            version: random.uint64(), ttlMillis: random.maybe { random in random.uint64() })
    }

    static func operation(_ random: inout Seeded) -> Operation {
        let kinds: [Operation.Kind] = [
            .none, .get(getRequest(&random)), .set(setRequest(&random)),
            .delete(deleteRequest(&random)), .touch(touchRequest(&random)),
            .increment(incrementRequest(&random)),
        ]
        return Operation(
            id: random.uint64(), kinds[random.choose(6)], quiet: random.bool(),
            timeoutMillis: random.uint32())
    }

    static func pipelineRequest(_ random: inout Seeded) -> PipelineRequest {
        PipelineRequest(random.some(operation))
    }

    static func operationResult(_ random: inout Seeded) -> OperationResult {
        let answers: [OperationResult.Answer] = [
            .none, .get(getResponse(&random)), .set(setResponse(&random)),
            .delete(deleteResponse(&random)), .touch(touchResponse(&random)),
            .increment(incrementResponse(&random)), .error(operationError(&random)),
        ]
        return OperationResult(id: random.uint64(), answers[random.choose(7)])
    }

    static func pipelineResponse(_ random: inout Seeded) -> PipelineResponse {
        PipelineResponse(random.some(operationResult))
    }

    private static func number(_ random: inout Seeded) -> Int64 {
        Int64(bitPattern: random.uint64())
    }
}
