"""The cache in front of something slow: look, load on a miss, store, and never fail because of the cache.

    PYTHONPATH=. python examples/python/cache_aside.py        # after the steps of client.py
"""

import sys
import time

import grpc
from larder.v1 import cache_pb2 as m, cache_pb2_grpc


def load_from_database(key: bytes) -> bytes:
    time.sleep(0.05)
    return b"row of " + key


def fetch(cache, key: bytes) -> bytes:
    """The value of `key`, from the cache if it is there. An outcome that this client does not know
    counts as a miss, an unreachable cache as well."""
    try:
        answer = cache.Get(m.GetRequest(key=key), timeout=0.1)
        if answer.outcome == m.GET_OUTCOME_HIT:
            return answer.value
    except grpc.RpcError:
        return load_from_database(key)
    value = load_from_database(key)
    try:
        cache.Set(m.SetRequest(key=key, value=value, ttl_millis=60_000), timeout=0.1)
    except grpc.RpcError:
        pass
    return value


with grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "localhost:7070") as channel:
    cache = cache_pb2_grpc.CacheServiceStub(channel)
    for _ in range(3):
        began = time.monotonic()
        value = fetch(cache, b"cache-aside:1")
        print(value.decode(), f"in {(time.monotonic() - began) * 1e3:.1f} ms")
