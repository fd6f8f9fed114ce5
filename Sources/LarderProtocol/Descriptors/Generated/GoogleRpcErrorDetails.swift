// Made by scripts/generate-descriptors from google/rpc/error_details.proto: change that file instead.

extension EmbeddedDescriptors {
    static let googleRpcErrorDetails = """
        Ch5nb29nbGUvcnBjL2Vycm9yX2RldGFpbHMucHJvdG8SCmdvb2dsZS5ycGMiuQEKCUVycm9ySW5mbxIWCgZyZWFz
        b24YASABKAlSBnJlYXNvbhIWCgZkb21haW4YAiABKAlSBmRvbWFpbhI/CghtZXRhZGF0YRgDIAMoCzIjLmdvb2ds
        ZS5ycGMuRXJyb3JJbmZvLk1ldGFkYXRhRW50cnlSCG1ldGFkYXRhGjsKDU1ldGFkYXRhRW50cnkSEAoDa2V5GAEg
        ASgJUgNrZXkSFAoFdmFsdWUYAiABKAlSBXZhbHVlOgI4AWIGcHJvdG8z
        """
}
