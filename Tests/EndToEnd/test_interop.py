"""gRPC's interoperability cases, by grpcio against the test service on Larder's own connections.

The cases and their figures are those of grpc's doc/interop-test-descriptions.md.
"""

import os
import pathlib
import random
import subprocess
import sys
import time

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import harness
import raw

INTEROP_SERVER = pathlib.Path(os.environ.get("LARDER_INTEROP_SERVER", harness.ROOT / ".build/debug/interop-server"))
# Debian's package grpc-proto.
PROTOS = pathlib.Path("/usr/share/grpc-proto")
SERVICE = "/grpc.testing.TestService/"


class InteropServer(harness.Server):
    def command(self):
        assert INTEROP_SERVER.exists(), "swift build --product interop-server makes it"
        return [str(INTEROP_SERVER), self.address]


@pytest.fixture(scope="module")
def interop_server():
    with InteropServer() as running:
        yield running


@pytest.fixture(scope="module")
def m(tmp_path_factory):
    """The messages of grpc.testing, without Python modules that would hide grpcio's own `grpc`."""
    output = tmp_path_factory.mktemp("interop") / "descriptors"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", "--include_imports",
         f"--descriptor_set_out={output}", "grpc/testing/test.proto"], check=True)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file:
        pool.Add(file)

    class Messages:
        def __getattr__(self, name):
            return message_factory.GetMessageClass(pool.FindMessageTypeByName("grpc.testing." + name))

    return Messages()


class TestServiceStub:
    __test__ = False

    def __init__(self, channel, m, service=SERVICE):
        def method(kind, name, request, response):
            return getattr(channel, kind)(
                service + name, request_serializer=request.SerializeToString, response_deserializer=response.FromString)

        output = (m.StreamingOutputCallRequest, m.StreamingOutputCallResponse)
        self.EmptyCall = method("unary_unary", "EmptyCall", m.Empty, m.Empty)
        self.UnaryCall = method("unary_unary", "UnaryCall", m.SimpleRequest, m.SimpleResponse)
        self.StreamingOutputCall = method("unary_stream", "StreamingOutputCall", *output)
        self.StreamingInputCall = method(
            "stream_unary", "StreamingInputCall", m.StreamingInputCallRequest, m.StreamingInputCallResponse)
        self.FullDuplexCall = method("stream_stream", "FullDuplexCall", *output)
        self.HalfDuplexCall = method("stream_stream", "HalfDuplexCall", *output)
        self.UnimplementedCall = method("unary_unary", "UnimplementedCall", m.Empty, m.Empty)


@pytest.fixture(scope="module")
def channel(interop_server):
    with grpc.insecure_channel(interop_server.address) as channel:
        yield channel


@pytest.fixture(scope="module")
def stub(channel, m):
    return TestServiceStub(channel, m)


def payload(m, size):
    return m.Payload(body=bytes(size))


def large_request(m, **more):
    return m.SimpleRequest(response_size=314_159, payload=payload(m, 271_828), **more)


def output_request(m, *sizes, body=0, **more):
    parameters = [m.ResponseParameters(size=size) for size in sizes]
    return m.StreamingOutputCallRequest(response_parameters=parameters, payload=payload(m, body), **more)


def fails_with(code, call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() == code
    return caught.value


def test_empty_unary(stub, m):
    assert stub.EmptyCall(m.Empty(), timeout=20) == m.Empty()


def test_large_unary(stub, m):
    assert stub.UnaryCall(large_request(m), timeout=20).payload.body == bytes(314_159)


def test_client_compressed_unary(stub, m):
    expecting = large_request(m, expect_compressed=m.BoolValue(value=True))
    fails_with(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.UnaryCall(expecting, timeout=20))
    for algorithm in [grpc.Compression.Gzip, grpc.Compression.Deflate]:
        answer = stub.UnaryCall(expecting, compression=algorithm, timeout=20)
        assert answer.payload.body == bytes(314_159)
    plain = large_request(m, expect_compressed=m.BoolValue(value=False))
    assert stub.UnaryCall(plain, timeout=20).payload.body == bytes(314_159)


@pytest.mark.parametrize("compressed", [True, False])
def test_server_compressed_unary(interop_server, stub, m, compressed):
    request = large_request(m, response_compressed=m.BoolValue(value=compressed))
    assert stub.UnaryCall(request, timeout=20).payload.body == bytes(314_159)
    # grpcio does not tell how an answer came.
    answer = raw.call(
        interop_server.port, SERVICE + "UnaryCall", raw.message(request.SerializeToString()),
        {"grpc-accept-encoding": "identity,gzip"})
    assert [flag for flag, _ in answer.flagged_messages] == [compressed] and answer.headers["grpc-encoding"] == "gzip"


def test_client_streaming(stub, m):
    requests = [m.StreamingInputCallRequest(payload=payload(m, size)) for size in [27_182, 8, 1_828, 45_904]]
    assert stub.StreamingInputCall(iter(requests), timeout=20).aggregated_payload_size == 74_922


def test_client_compressed_streaming(stub, m):
    def request(expected, body):
        return m.StreamingInputCallRequest(
            payload=m.Payload(body=body), expect_compressed=m.BoolValue(value=expected))

    expecting = request(True, bytes(27_182))
    fails_with(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.StreamingInputCall(iter([expecting]), timeout=20))
    # grpcio sends as it is what does not shrink.
    noise = random.Random(1).randbytes(45_904)
    answer = stub.StreamingInputCall(
        iter([expecting, request(False, noise)]), compression=grpc.Compression.Gzip, timeout=20)
    assert answer.aggregated_payload_size == 73_086


def test_server_streaming(stub, m):
    sizes = [31_415, 9, 2_653, 58_979]
    answers = list(stub.StreamingOutputCall(output_request(m, *sizes), timeout=20))
    assert [len(answer.payload.body) for answer in answers] == sizes


def test_server_compressed_streaming(interop_server, stub, m):
    request = m.StreamingOutputCallRequest(response_parameters=[
        m.ResponseParameters(size=31_415, compressed=m.BoolValue(value=True)),
        m.ResponseParameters(size=92_653, compressed=m.BoolValue(value=False))])
    answers = list(stub.StreamingOutputCall(request, timeout=20))
    assert [len(answer.payload.body) for answer in answers] == [31_415, 92_653]
    answer = raw.call(
        interop_server.port, SERVICE + "StreamingOutputCall", raw.message(request.SerializeToString()),
        {"grpc-accept-encoding": "identity,gzip"})
    assert [flag for flag, _ in answer.flagged_messages] == [1, 0] and answer.headers["grpc-encoding"] == "gzip"


PING_PONG = [(31_415, 27_182), (9, 8), (2_653, 1_828), (58_979, 45_904)]


class Requests:
    """A client's messages, one at a time: the next is sent when it is given."""

    def __init__(self, m):
        import queue

        self.m = m
        self.queue = queue.Queue()

    def give(self, response_size, body):
        self.queue.put(output_request(self.m, response_size, body=body))

    def end(self):
        self.queue.put(None)

    def __iter__(self):
        return iter(self.queue.get, None)


def test_ping_pong(stub, m):
    requests = Requests(m)
    answers = stub.FullDuplexCall(iter(requests), timeout=20)
    for response_size, body in PING_PONG:
        requests.give(response_size, body)
        assert len(next(answers).payload.body) == response_size
    requests.end()
    assert list(answers) == []


def test_half_duplex(stub, m):
    requests = [output_request(m, response_size, body=body) for response_size, body in PING_PONG]
    answers = list(stub.HalfDuplexCall(iter(requests), timeout=20))
    assert [len(answer.payload.body) for answer in answers] == [size for size, _ in PING_PONG]


def test_empty_stream(stub):
    assert list(stub.FullDuplexCall(iter([]), timeout=20)) == []


def test_responses_come_at_their_intervals(stub, m):
    request = m.StreamingOutputCallRequest(response_parameters=[
        m.ResponseParameters(size=size, interval_us=50_000) for size in [1, 2, 3]])
    began = time.monotonic()
    assert [len(answer.payload.body) for answer in stub.StreamingOutputCall(request, timeout=20)] == [1, 2, 3]
    assert time.monotonic() - began >= 0.14


def test_timeout_on_sleeping_server(stub, m):
    requests = Requests(m)
    answers = stub.FullDuplexCall(iter(requests), timeout=0.001)
    requests.give(0, 27_182)
    fails_with(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(answers))
    requests.end()
    # The server's own deadline, while it waits for its interval.
    request = m.StreamingOutputCallRequest(response_parameters=[m.ResponseParameters(size=1, interval_us=60_000_000)])
    fails_with(
        grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(stub.StreamingOutputCall(request, timeout=0.3)))


def test_cancel_after_begin(stub, m):
    requests = Requests(m)
    call = stub.StreamingInputCall.future(iter(requests), timeout=20)
    call.cancel()
    requests.end()
    assert call.cancelled()
    assert call.code() == grpc.StatusCode.CANCELLED


def test_cancel_after_first_response(stub, m):
    requests = Requests(m)
    answers = stub.FullDuplexCall(iter(requests), timeout=20)
    requests.give(31_415, 27_182)
    assert len(next(answers).payload.body) == 31_415
    answers.cancel()
    fails_with(grpc.StatusCode.CANCELLED, lambda: next(answers))
    requests.end()


METADATA = [("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")]


def assert_echoed(call):
    assert METADATA[0] in [tuple(pair) for pair in call.initial_metadata()]
    assert METADATA[1] in [tuple(pair) for pair in call.trailing_metadata()]


def test_custom_metadata(stub, m):
    answer, call = stub.UnaryCall.with_call(large_request(m), metadata=METADATA, timeout=20)
    assert answer.payload.body == bytes(314_159)
    assert_echoed(call)
    call = stub.FullDuplexCall(iter([output_request(m, 314_159, body=271_828)]), metadata=METADATA, timeout=20)
    assert [len(answer.payload.body) for answer in call] == [314_159]
    assert_echoed(call)


@pytest.mark.parametrize("message", [
    "test status message", "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"],
    ids=["status_code_and_message", "special_status_message"])
def test_status_code_and_message(stub, m, message):
    status = m.EchoStatus(code=2, message=message)
    error = fails_with(
        grpc.StatusCode.UNKNOWN, lambda: stub.UnaryCall(m.SimpleRequest(response_status=status), timeout=20))
    assert error.details() == message
    error = fails_with(
        grpc.StatusCode.UNKNOWN,
        lambda: list(stub.FullDuplexCall(iter([output_request(m, response_status=status)]), timeout=20)))
    assert error.details() == message


def test_unimplemented_method(stub, m):
    fails_with(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(m.Empty(), timeout=20))


def test_unimplemented_service(channel, m):
    stub = TestServiceStub(channel, m, "/grpc.testing.UnimplementedService/")
    fails_with(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(m.Empty(), timeout=20))


def test_rpc_soak(stub, m):
    for _ in range(50):
        assert len(stub.UnaryCall(large_request(m), timeout=20).payload.body) == 314_159


def test_channel_soak(interop_server, m):
    for _ in range(20):
        with grpc.insecure_channel(interop_server.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            assert len(TestServiceStub(channel, m).UnaryCall(large_request(m), timeout=20).payload.body) == 314_159


def test_the_cache_is_served_beside_it(interop_server):
    messages = harness.messages()
    with harness.channel(interop_server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(messages.SetRequest(key=b"k", value=b"v"), timeout=20)
        assert stub.Get(messages.GetRequest(key=b"k"), timeout=20).value == b"v"
