"""Other generated clients: grpclib, which frames differently, and grpcio's own health and reflection clients."""

import asyncio

import grpc
import grpclib.client
import grpclib.exceptions
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import harness


def test_grpclib_gets_sets_loads_and_exports(server):
    m = harness.messages()
    from larder.v1.cache_grpc import CacheServiceStub

    async def scenario():
        channel = grpclib.client.Channel("127.0.0.1", server.port)
        try:
            stub = CacheServiceStub(channel)
            value = bytes(range(256)) * 4_096  # 1 MiB
            assert (await stub.Set(m.SetRequest(key=b"grpclib", value=value))).outcome == m.SET_OUTCOME_STORED
            assert (await stub.Get(m.GetRequest(key=b"grpclib"))).value == value
            with pytest.raises(grpclib.exceptions.GRPCError) as caught:
                await stub.Get(m.GetRequest())
            assert caught.value.status.name == "INVALID_ARGUMENT"
            async with stub.BulkLoad.open() as stream:
                await stream.send_message(m.BulkLoadRequest(start=m.BulkLoadStart(ack_every=100)))
                for first in range(0, 1_000, 100):
                    entries = [m.Entry(key=b"grpclib-%d" % i, value=b"%d" % i) for i in range(first, first + 100)]
                    await stream.send_message(m.BulkLoadRequest(batch=m.EntryBatch(first_index=first, entries=entries)))
                await stream.end()
                last = [answer async for answer in stream][-1]
            assert last.done and last.stored == 1_000
            exported = set()
            async with stub.Export.open() as stream:
                await stream.send_message(m.ExportRequest(key_prefix=b"grpclib-"), end=True)
                async for response in stream:
                    exported |= {e.key for e in response.entries}
            assert exported == {b"grpclib-%d" % i for i in range(1_000)}
        finally:
            channel.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_the_health_client_of_grpcio(server):
    with harness.channel(server) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        serving = health_pb2.HealthCheckResponse.SERVING
        for service in ["", "larder.v1.CacheService"]:
            assert stub.Check(health_pb2.HealthCheckRequest(service=service)).status == serving
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="nobody"))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()
        statuses = stub.List(health_pb2.HealthListRequest()).statuses
        assert statuses[""].status == serving and len(statuses) >= 2


def test_the_reflection_client_of_grpcio(server):
    with harness.channel(server) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert "larder.v1.CacheService" in database.get_services()
        file = database.FindFileContainingSymbol("larder.v1.CacheService.Get")
        assert file.name == "larder/v1/cache.proto"
        assert database.FindFileByName("larder/v1/admin.proto").package == "larder.v1"
        with pytest.raises(KeyError):
            database.FindFileByName("no/such/file.proto")


def test_many_calls_at_once_on_one_connection(server):
    m = harness.messages()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"shared", value=b"s" * 10_000))
        calls = [stub.Get.future(m.GetRequest(key=b"shared")) for _ in range(2_000)]
        assert all(call.result(timeout=30).value == b"s" * 10_000 for call in calls)


def test_cancelled_calls_leave_the_connection_whole(server):
    m = harness.messages()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"cancel", value=b"c" * 1_000_000))
        for _ in range(20):
            call = stub.Get.future(m.GetRequest(key=b"cancel"))
            call.cancel()
        assert len(stub.Get(m.GetRequest(key=b"cancel")).value) == 1_000_000


@pytest.mark.parametrize("listen", ["unix", "[::1]"])
def test_other_listeners(make_server, tmp_path, listen):
    m = harness.messages()
    if listen == "unix":
        address = target = f"unix:{tmp_path}/larder.sock"
    else:
        address = f"[::1]:{harness.free_port()}"
        target = f"ipv6:{address}"
    make_server("--listen", address)
    with grpc.insecure_channel(target) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"k", value=b"v"), timeout=10)
        assert stub.Get(m.GetRequest(key=b"k"), timeout=10).value == b"v"
