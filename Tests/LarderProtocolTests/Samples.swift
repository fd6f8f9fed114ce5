import LarderProtocol

/// Messages with every field filled at random, to be encoded and decoded again.
enum Samples {
    static func lease(_ random: inout Seeded) -> Lease {
        Lease(
            holdMillis: random.uint32(), waitMillis: random.uint32(),
            refreshAheadMillis: random.uint32(), acceptStale: random.bool())
    }

    static func getRequest(_ random: inout Seeded) -> GetRequest {
        GetRequest(
            key: random.bytes(), namespace: random.text(), ifVersionNot: random.uint64(),
            metadataOnly: random.bool(), peek: random.bool(),
            touchTTLMillis: random.maybe { random in random.uint64() },
            lease: random.maybe(lease), maxInlineBytes: random.uint32(),
            maxAgeMillis: random.uint32())
    }

    static func getResponse(_ random: inout Seeded) -> GetResponse {
        let head = GetResponseHead(
            outcome: GetOutcome(rawValue: random.int32()), version: random.uint64(),
            flags: random.uint32(), ttlMillis: random.maybe { random in random.uint64() },
            valueBytes: random.uint64(), stale: random.bool(), leaseToken: random.uint64(),
            nearMillis: random.uint32(), ageMillis: random.uint64())
        return GetResponse(head: head, value: random.bytes())
    }

    static func setRequest(_ random: inout Seeded) -> SetRequest {
        let conditions: [WriteCondition] = [
            .none, .ifAbsent(random.bool()), .ifPresent(random.bool()),
            .ifVersion(random.uint64()), .ifNewer(random.bool()),
        ]
        return SetRequest(
            key: random.bytes(), value: random.bytes(), namespace: random.text(),
            ttlMillis: random.maybe { random in random.uint64() }, staleMillis: random.uint64(),
            idleMillis: random.uint64(), flags: random.uint32(), leaseToken: random.uint64(),
            cost: random.uint32(), priority: Priority(rawValue: random.int32()),
            tags: random.some { random in random.text() }, condition: conditions[random.choose(5)],
            version: random.uint64(), mode: WriteMode(rawValue: random.int32()),
            keepTTL: random.bool(), returnCurrent: random.bool())
    }

    static func setResponse(_ random: inout Seeded) -> SetResponse {
        SetResponse(
            outcome: SetOutcome(rawValue: random.int32()), version: random.uint64(),
            current: random.maybe(getResponse))
    }

    static func deleteRequest(_ random: inout Seeded) -> DeleteRequest {
        DeleteRequest(
            key: random.bytes(), namespace: random.text(), ifVersion: random.uint64(),
            markStale: random.bool(), leaseToken: random.uint64())
    }

    static func deleteResponse(_ random: inout Seeded) -> DeleteResponse {
        DeleteResponse(outcome: DeleteOutcome(rawValue: random.int32()))
    }

    static func batchGetRequest(_ random: inout Seeded) -> BatchGetRequest {
        BatchGetRequest(
            keys: random.some { random in random.bytes() }, namespace: random.text(),
            metadataOnly: random.bool(), peek: random.bool(), maxResponseBytes: random.uint32(),
            maxAgeMillis: random.uint32())
    }

    static func batchGetResponse(_ random: inout Seeded) -> BatchGetResponse {
        BatchGetResponse(responses: random.some(getResponse))
    }

    static func entry(_ random: inout Seeded) -> Entry {
        let head = EntryHead(
            ttlMillis: random.maybe { random in random.uint64() }, staleMillis: random.uint64(),
            idleMillis: random.uint64(), flags: random.uint32(), cost: random.uint32(),
            priority: Priority(rawValue: random.int32()), version: random.uint64(),
            crc32c: random.maybe { random in random.uint32() }, frequency: random.uint32(),
            valueBytes: random.uint64(), valueOffset: random.uint64())
        return Entry(
            key: random.bytes(), value: random.bytes(), namespace: random.text(), head: head,
            tags: random.some { random in random.text() })
    }

    static func entryBatch(_ random: inout Seeded) -> EntryBatch {
        EntryBatch(firstIndex: random.uint64(), entries: random.some(entry))
    }

    static func bulkLoadStart(_ random: inout Seeded) -> BulkLoadStart {
        BulkLoadStart(
            sessionID: random.text(), namespace: random.text(),
            defaultTTLMillis: random.maybe { random in random.uint64() },
            admission: Admission(rawValue: random.int32()), ifAbsent: random.bool(),
            ackEvery: random.uint32())
    }

    static func bulkLoadRequest(_ random: inout Seeded) -> BulkLoadRequest {
        switch random.choose(3) {
        case 0: BulkLoadRequest(.none)
        case 1: BulkLoadRequest(.start(bulkLoadStart(&random)))
        default: BulkLoadRequest(.batch(entryBatch(&random)))
        }
    }

    static func operationError(_ random: inout Seeded) -> OperationError {
        OperationError(code: random.int32(), message: random.text(), reason: random.text())
    }

    static func bulkLoadResponse(_ random: inout Seeded) -> BulkLoadResponse {
        BulkLoadResponse(
            committed: random.uint64(), stored: random.uint64(), notAdmitted: random.uint64(),
            conditionFailed: random.uint64(), rejected: random.uint64(),
            storedBytes: random.uint64(), done: random.bool(),
            errors: random.some { random in
                RejectedEntry(index: random.uint64(), error: random.maybe(operationError))
            })
    }

    static func exportRequest(_ random: inout Seeded) -> ExportRequest {
        ExportRequest(
            namespace: random.text(), keyPrefix: random.bytes(), hashBegin: random.uint64(),
            hashEnd: random.uint64(), metadataOnly: random.bool(), hottestFirst: random.bool(),
            limit: random.uint64(), cursor: random.bytes())
    }

    static func exportResponse(_ random: inout Seeded) -> ExportResponse {
        ExportResponse(
            entries: random.some(entry), cursor: random.bytes(), scanned: random.uint64(),
            total: random.uint64())
    }

    static func getLimitsResponse(_ random: inout Seeded) -> GetLimitsResponse {
        var limits = GetLimitsResponse()
        limits.serverVersion = random.text()
        limits.nodeID = random.text()
        limits.maxKeyBytes = random.uint32()
        limits.maxInlineBytes = random.uint32()
        limits.maxValueBytes = random.uint64()
        limits.maxBatchItems = random.uint32()
        limits.maxBatchBytes = random.uint32()
        limits.maxMessageBytes = random.uint32()
        limits.maxTTLMillis = random.uint64()
        limits.maxTags = random.uint32()
        limits.encodings = random.some { random in random.text() }
        return limits
    }

    static func healthListResponse(_ random: inout Seeded) -> HealthListResponse {
        // Sorted by the bytes of the names, as decoding leaves them.
        let names = ["", "a", "e\u{301}", "larder.v1.CacheService", "é"]
        return HealthListResponse(
            services: names[..<random.choose(6)].map { name in
                HealthListResponse.Service(
                    name: name, status: ServingStatus(rawValue: random.int32()))
            })
    }

    static func errorInfo(_ random: inout Seeded) -> ErrorInfo {
        ErrorInfo(
            reason: random.text(), domain: random.text(),
            metadata: ["limit", "value"][..<random.choose(3)].map { key in
                ErrorInfo.Fact(key: key, value: random.text())
            })
    }

    static func rpcStatus(_ random: inout Seeded) -> RPCStatus {
        RPCStatus(code: random.int32(), message: random.text(), errorInfo: errorInfo(&random))
    }

    static func reflectionRequest(_ random: inout Seeded) -> ServerReflectionRequest {
        let number = ExtensionRequest(
            containingType: random.text(), extensionNumber: random.int32())
        let questions: [ServerReflectionRequest.Question] = [
            .none, .fileByFilename(random.text()), .fileContainingSymbol(random.text()),
            .fileContainingExtension(number), .allExtensionNumbersOfType(random.text()),
            .listServices(random.text()),
        ]
        return ServerReflectionRequest(questions[random.choose(6)], host: random.text())
    }

    static func reflectionResponse(_ random: inout Seeded) -> ServerReflectionResponse {
        let answers: [ServerReflectionResponse.Answer] = [
            .none,
            .fileDescriptors(FileDescriptorResponse(files: random.some { $0.bytes() })),
            .extensionNumbers(
                ExtensionNumberResponse(
                    baseTypeName: random.text(), extensionNumbers: random.some { $0.int32() })),
            .services(
                ListServiceResponse(
                    services: random.some { random in
                        ListServiceResponse.Service(name: random.text())
                    })),
            .error(ReflectionError(code: random.int32(), message: random.text())),
        ]
        var response = ServerReflectionResponse(
            answers[random.choose(5)], to: random.maybe(reflectionRequest))
        response.validHost = random.text()
        return response
    }
}
