"""Many connections that hold a little each: what all of them take is bounded, and who takes little is served."""

import contextlib
import time

import grpc
import pytest

import harness
import raw

MIB = 1 << 20
CONNECTIONS = 60
# operations.md: for each connection, and for the threads what a turn may go beyond the pool.
ALLOWED = CONNECTIONS * 128 * 1024 + 2 * 16 * MIB
POOL = 4 * MIB


@pytest.fixture
def crowded(make_server):
    return make_server(
        "--memory", "64MiB", "--threads", "2", "--egress-memory", "4MiB", "--upload-memory", "4MiB")


def settled_bytes(server: harness.Server) -> int:
    """What the process takes once that has not grown for a second."""
    limit = time.monotonic() + 60
    highest, since = 0, time.monotonic()
    while time.monotonic() - since < 1:
        assert time.monotonic() < limit
        now = harness.resident_bytes(server.pid)
        if now > highest + MIB:
            highest, since = now, time.monotonic()
        time.sleep(0.05)
    return max(highest, now)


def others_are_served(server: harness.Server) -> None:
    m = harness.messages()
    assert harness.larder("health", server=server).returncode == 0
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        for number in range(100):
            key = f"other-{number}".encode()
            assert stub.Set(m.SetRequest(key=key, value=bytes(500)), timeout=20).outcome == m.SET_OUTCOME_STORED
            assert stub.Get(m.GetRequest(key=key), timeout=20).value == bytes(500)
    assert harness.larder("admin", "stats", server=server).returncode == 0


@pytest.mark.parametrize("method", ["/larder.v1.CacheService/Set", "/larder.v1.CacheService/Pipeline",
                                    "/grpc.health.v1.Health/Watch"])
def test_calls_that_stay_open_take_bounded_memory(crowded, method):
    before = harness.resident_bytes(crowded.pid)
    body = raw.data(1, raw.message(), end=True)[9:] if method.endswith("Watch") else None
    fields = raw.block(raw.call_fields(method))
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(raw.RawConnection(crowded.port))
            calls = b""
            for stream in range(1, 2_000, 2):
                calls += raw.frame(raw.HEADERS, raw.END_HEADERS, stream, fields)
                if body is not None:
                    calls += raw.data(stream, body, end=True)
            connection.send(calls)
        assert settled_bytes(crowded) - before < ALLOWED + POOL
        others_are_served(crowded)


def test_the_ends_of_long_answers_that_nobody_reads_keep_little_memory(crowded):
    m = harness.messages()
    keys = [f"key-{number}".encode() for number in range(800)]
    with harness.channel(crowded) as channel:
        stub = harness.cache_stub(channel)
        for key in keys:
            stub.Set(m.SetRequest(key=key, value=bytes(1_000)), timeout=20)
        length = stub.BatchGet(m.BatchGetRequest(keys=keys), timeout=20).ByteSize() + 5
    before = harness.resident_bytes(crowded.pid)
    question = m.BatchGetRequest(keys=keys).SerializeToString()
    # All of an answer may be sent but its last bytes.
    window = length - 2_000
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(raw.RawConnection(crowded.port, window=window))
            connection.send(raw.window_update(0, raw.WINDOW_MAX - 65_535))
            for stream in (1, 3, 5, 7):
                connection.send(raw.request(stream, "BatchGet", question))
            got = 0
            for _, _, _, payload in connection.frames_of((raw.DATA,)):
                got += len(payload)
                if got == 4 * window:
                    break
        assert settled_bytes(crowded) - before < ALLOWED + POOL
        others_are_served(crowded)


def test_who_holds_much_is_refused_and_told_why(crowded):
    m = harness.messages()
    with contextlib.ExitStack() as stack:
        hogs = [stack.enter_context(raw.Raw(crowded.port)) for _ in range(CONNECTIONS)]
        fields = raw.block(raw.call_fields("/larder.v1.CacheService/Pipeline"))
        for hog in hogs:
            hog.send(b"".join(raw.frame(raw.HEADERS, raw.END_HEADERS, stream, fields) for stream in range(1, 400, 2)))
        for hog in hogs:
            hog.settle()
        refused = [answer for hog in hogs for answer in hog.answers.values() if answer.grpc is not None]
        assert refused and {answer.grpc for answer in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]}
        # A hog that lets go of its calls is served again.
        last = hogs[-1]
        for stream in range(1, 400, 2):
            if stream not in last.answers:
                last.send(raw.rst_stream(stream))
        last.settle()
        answer = last.call(401, "/larder.v1.CacheService/Get", raw.message(m.GetRequest(key=b"k").SerializeToString()))
        assert answer.grpc == 0
