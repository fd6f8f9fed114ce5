/// The names that a call's fields may have, each told by its index.
enum CallFieldNames {
    static let all = [
        ":method", ":path", "content-type", "grpc-timeout", "grpc-encoding",
        "grpc-accept-encoding", "authorization", "larder-node", ":status", "grpc-status",
        "grpc-message", "grpc-status-details-bin",
    ]
}
