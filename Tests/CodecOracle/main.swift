// Decodes messages for a test that knows the right answers.
//
// Each line of the input is a message's full name and its bytes in hexadecimal. Each line of the
// output is `ok` and the message encoded again, or `error` and why it cannot be decoded.

import LarderProtocol

let answers: [String: @Sendable ([UInt8]) throws(WireError) -> [UInt8]] = [
    "larder.v1.Lease": again(Lease.self),
    "larder.v1.GetRequest": again(GetRequest.self),
    "larder.v1.GetResponse": again(GetResponse.self),
    "larder.v1.SetRequest": again(SetRequest.self),
    "larder.v1.SetResponse": again(SetResponse.self),
    "larder.v1.DeleteRequest": again(DeleteRequest.self),
    "larder.v1.DeleteResponse": again(DeleteResponse.self),
    "larder.v1.BatchGetRequest": again(BatchGetRequest.self),
    "larder.v1.BatchGetResponse": again(BatchGetResponse.self),
    "larder.v1.TouchRequest": again(TouchRequest.self),
    "larder.v1.TouchResponse": again(TouchResponse.self),
    "larder.v1.IncrementRequest": again(IncrementRequest.self),
    "larder.v1.IncrementResponse": again(IncrementResponse.self),
    "larder.v1.Operation": again(Operation.self),
    "larder.v1.OperationResult": again(OperationResult.self),
    "larder.v1.PipelineRequest": again(PipelineRequest.self),
    "larder.v1.PipelineResponse": again(PipelineResponse.self),
    "larder.v1.OperationError": again(OperationError.self),
    "larder.v1.Entry": again(Entry.self),
    "larder.v1.EntryBatch": again(EntryBatch.self),
    "larder.v1.BulkLoadStart": again(BulkLoadStart.self),
    "larder.v1.BulkLoadRequest": again(BulkLoadRequest.self),
    "larder.v1.RejectedEntry": again(RejectedEntry.self),
    "larder.v1.BulkLoadResponse": again(BulkLoadResponse.self),
    "larder.v1.ExportRequest": again(ExportRequest.self),
    "larder.v1.ExportResponse": again(ExportResponse.self),
    "larder.v1.GetLimitsRequest": again(GetLimitsRequest.self),
    "larder.v1.GetLimitsResponse": again(GetLimitsResponse.self),
    "larder.v1.GetStatsRequest": again(GetStatsRequest.self),
    "larder.v1.GetStatsResponse": again(GetStatsResponse.self),
    "larder.v1.NamespaceStats": again(NamespaceStats.self),
    "larder.v1.MethodStats": again(MethodStats.self),
    "larder.v1.DefenceStats": again(DefenceStats.self),
    "larder.v1.Namespace": again(NamespaceInfo.self),
    "larder.v1.ListNamespacesRequest": again(ListNamespacesRequest.self),
    "larder.v1.ListNamespacesResponse": again(ListNamespacesResponse.self),
    "larder.v1.FlushNamespaceRequest": again(FlushNamespaceRequest.self),
    "larder.v1.FlushNamespaceResponse": again(FlushNamespaceResponse.self),
    "larder.v1.GetConfigRequest": again(GetConfigRequest.self),
    "larder.v1.GetConfigResponse": again(GetConfigResponse.self),
    "larder.v1.Setting": again(ConfigSetting.self),
    "larder.v1.UpdateConfigRequest": again(UpdateConfigRequest.self),
    "larder.v1.UpdateConfigResponse": again(UpdateConfigResponse.self),
    "larder.v1.DrainRequest": again(DrainRequest.self),
    "larder.v1.DrainResponse": again(DrainResponse.self),
    "grpc.health.v1.HealthCheckRequest": again(HealthCheckRequest.self),
    "grpc.health.v1.HealthCheckResponse": again(HealthCheckResponse.self),
    "grpc.health.v1.HealthListRequest": again(HealthListRequest.self),
    "grpc.health.v1.HealthListResponse": again(HealthListResponse.self),
    "grpc.reflection.v1.ServerReflectionRequest": again(ServerReflectionRequest.self),
    "grpc.reflection.v1.ServerReflectionResponse": again(ServerReflectionResponse.self),
    "grpc.reflection.v1alpha.ServerReflectionRequest": again(ServerReflectionRequest.self),
    "grpc.reflection.v1alpha.ServerReflectionResponse": again(ServerReflectionResponse.self),
    "google.rpc.Status": again(RPCStatus.self),
    "google.rpc.ErrorInfo": again(ErrorInfo.self),
]

func again<Message: WireMessage>(
    _ type: Message.Type
) -> @Sendable ([UInt8]) throws(WireError) -> [UInt8] {
    { bytes throws(WireError) in try Message(decoding: bytes.span).encoded() }
}

func bytes(_ hexadecimal: Substring) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = hexadecimal
    while !rest.isEmpty {
        bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
    }
    return bytes
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

while let line = readLine() {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, let answer = answers[String(words[0])] else {
        print("error unknown")
        continue
    }
    do throws(WireError) {
        print("ok", hexadecimal(try answer(bytes(words[1]))))
    } catch {
        print("error", error)
    }
}
