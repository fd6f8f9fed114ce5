// Made by scripts/generate-descriptors: run it again when a file comes or goes.

extension EmbeddedDescriptors {
    /// Every file, as base64 of its FileDescriptorProto.
    static let all = [
        googleProtobufAny,
        googleProtobufFieldMask,
        googleRpcErrorDetails,
        googleRpcStatus,
        grpcHealthV1Health,
        grpcReflectionV1Reflection,
        grpcReflectionV1alphaReflection,
        larderTextV1Cache,
        larderV1Admin,
        larderV1Cache,
    ]
}
