"""A client in ten lines. The modules are generated from `proto/`:

    pip install grpcio grpcio-tools
    python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. proto/larder/v1/cache.proto
    PYTHONPATH=. python examples/python/client.py
"""

import sys

import grpc
from larder.v1 import cache_pb2 as m, cache_pb2_grpc

with grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "localhost:7070") as channel:
    cache = cache_pb2_grpc.CacheServiceStub(channel)
    cache.Set(m.SetRequest(key=b"user:42", value=b"hello", ttl_millis=60_000))
    answer = cache.Get(m.GetRequest(key=b"user:42"))
    if answer.outcome == m.GET_OUTCOME_HIT:
        print(answer.value.decode(), "for another", answer.ttl_millis, "ms")
    assert cache.Get(m.GetRequest(key=b"nobody")).outcome == m.GET_OUTCOME_MISS
