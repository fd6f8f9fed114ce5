"""grpcio's own health and reflection clients, many calls at once, and other listeners."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import harness


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
