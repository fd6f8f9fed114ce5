// Made by scripts/generate-descriptors from google/protobuf/field_mask.proto: change that file instead.

extension EmbeddedDescriptors {
    static let googleProtobufFieldMask = """
        CiBnb29nbGUvcHJvdG9idWYvZmllbGRfbWFzay5wcm90bxIPZ29vZ2xlLnByb3RvYnVmIiEKCUZpZWxkTWFzaxIU
        CgVwYXRocxgBIAMoCVIFcGF0aHNChQEKE2NvbS5nb29nbGUucHJvdG9idWZCDkZpZWxkTWFza1Byb3RvUAFaMmdv
        b2dsZS5nb2xhbmcub3JnL3Byb3RvYnVmL3R5cGVzL2tub3duL2ZpZWxkbWFza3Bi+AEBogIDR1BCqgIeR29vZ2xl
        LlByb3RvYnVmLldlbGxLbm93blR5cGVzYgZwcm90bzM=
        """
}
