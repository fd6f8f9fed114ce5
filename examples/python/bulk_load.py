"""A streaming bulk load that could go on where it was broken off.

    PYTHONPATH=. python examples/python/bulk_load.py          # after the steps of client.py
"""

import sys
import time
import uuid

import grpc
from larder.v1 import cache_pb2 as m, cache_pb2_grpc

ITEMS, BATCH = 100_000, 500


def messages(session: str, first: int):
    """The start, then batches from entry `first` on. HTTP/2 flow control paces the generator."""
    yield m.BulkLoadRequest(start=m.BulkLoadStart(session_id=session, ack_every=10_000))
    for i in range(first, ITEMS, BATCH):
        entries = [m.Entry(key=b"bulk:%d" % j, value=b"value %d" % j) for j in range(i, min(i + BATCH, ITEMS))]
        yield m.BulkLoadRequest(batch=m.EntryBatch(first_index=i, entries=entries))


with grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "localhost:7070") as channel:
    cache = cache_pb2_grpc.CacheServiceStub(channel)
    session, committed, done = str(uuid.uuid4()), 0, False
    while not done:
        try:
            for answer in cache.BulkLoad(messages(session, committed)):
                committed, done = answer.committed, answer.done
                print(f"{committed} taken, {answer.stored} stored, {answer.not_admitted} not admitted")
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            print(f"broken off at {committed}: going on from there")
            time.sleep(1)
