"""grpcurl with nothing but the address: reflection tells it all, keys are readable text."""

import base64
import json
import subprocess

import pytest

import harness

SERVICES = {
    "larder.v1.CacheService", "larder.v1.AdminService", "larder.text.v1.CacheService",
    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
}


def ok(finished):
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_the_services_are_listed(server):
    assert set(ok(harness.grpcurl(server, "list")).split()) == SERVICES


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_each_service_can_be_described(server, service):
    assert service.rsplit(".", 1)[1] in ok(harness.grpcurl(server, "describe", service))


@pytest.mark.parametrize("symbol, words", [
    ("larder.v1.CacheService.Get", ["GetRequest", "GetResponse"]),
    ("larder.v1.SetRequest", ["bytes key = 1", "bool if_absent = 11"]),
    ("larder.v1.SetRequest.ttl_millis", ["ttl_millis = 3"]),
    ("larder.v1.GetOutcome", ["GET_OUTCOME_HIT = 1"]),
    ("larder.text.v1.SetRequest", ["string key = 1", "string value = 15"]),
    ("grpc.health.v1.HealthCheckResponse.ServingStatus", ["SERVING = 1"]),
])
def test_symbols_of_every_kind_are_found(server, symbol, words):
    text = ok(harness.grpcurl(server, "describe", symbol))
    for word in words:
        assert word in text


def test_an_unknown_symbol_is_an_answer_and_no_broken_stream(server):
    finished = harness.grpcurl(server, "describe", "no.such.Symbol")
    assert finished.returncode != 0 and "not found" in finished.stderr.lower()


def test_set_and_get_by_readable_keys(server):
    stored = json.loads(ok(harness.grpcurl(
        server, "larder.text.v1.CacheService/Set", data='{"key": "user:42", "value": "hello world"}')))
    assert stored["outcome"] == "SET_OUTCOME_STORED"
    got = json.loads(ok(harness.grpcurl(server, "larder.text.v1.CacheService/Get", data='{"key": "user:42"}')))
    assert got["value"] == "hello world"
    raw = json.loads(ok(harness.grpcurl(
        server, "larder.v1.CacheService/Get", data=json.dumps({"key": base64.b64encode(b"user:42").decode()}))))
    assert base64.b64decode(raw["value"]) == b"hello world"


def test_a_bulk_load_from_the_command_line(server):
    messages = '{"start": {"ackEvery": 1}} {"batch": {"entries": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]}}'
    out = ok(harness.grpcurl(server, "larder.text.v1.CacheService/BulkLoad", data=messages))
    assert '"done": true' in out
    got = json.loads(ok(harness.grpcurl(server, "larder.text.v1.CacheService/Get", data='{"key": "b"}')))
    assert got["value"] == "2"


def test_errors_come_with_their_details(server):
    finished = harness.grpcurl(server, "larder.text.v1.CacheService/Get", data='{"key": ""}')
    assert finished.returncode != 0
    assert "InvalidArgument" in finished.stderr and "at least 1 byte" in finished.stderr
    assert "google.rpc.ErrorInfo" in finished.stderr


def test_health(server):
    assert "SERVING" in ok(harness.grpcurl(server, "grpc.health.v1.Health/Check"))
    assert "NotFound" in harness.grpcurl(server, "grpc.health.v1.Health/Check", data='{"service": "nobody"}').stderr
    listed = json.loads(ok(harness.grpcurl(server, "grpc.health.v1.Health/List")))
    assert listed["statuses"]["larder.v1.CacheService"]["status"] == "SERVING"


def test_buf_asks_the_newer_reflection_and_calls(server):
    buf = [str(harness.GRPCURL.parent / "buf"), "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    listed = subprocess.run([*buf, "--list-methods", f"http://{server.address}"], capture_output=True, text=True, timeout=30)
    assert listed.returncode == 0 and "larder.v1.CacheService/BulkLoad" in listed.stdout, listed.stderr
    stored = subprocess.run(
        [*buf, "-d", '{"key": "buf", "value": "curl"}', f"http://{server.address}/larder.text.v1.CacheService/Set"],
        capture_output=True, text=True, timeout=30)
    assert stored.returncode == 0 and "SET_OUTCOME_STORED" in stored.stdout, stored.stderr
