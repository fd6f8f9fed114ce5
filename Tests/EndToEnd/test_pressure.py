"""Memory stays bounded under peers that do not read and peers that do not finish what they send."""

import contextlib
import os
import socket
import time

import grpc
import h2.config
import h2.connection
import h2.settings

import harness
import raw

MIB = 1 << 20
# The cache's own memory is filled before the first measurement, so what grows is the peers' share.
UPLOADS_GROWTH_MAX = 160 * MIB
ANSWERS_GROWTH_MAX = 64 * MIB


class RawClient:
    """An HTTP/2 client that does as badly as it is told to."""

    def __init__(self, port: int, window: int = 65_535):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.local_settings = h2.settings.Settings(
            client=True, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.h2.initiate_connection()
        self.flush()
        self.ended: dict[int, dict[str, str]] = {}

    def flush(self) -> None:
        self.socket.settimeout(20)
        self.socket.sendall(self.h2.data_to_send())

    def begin(self, method: str) -> int:
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [
            (":method", "POST"), (":scheme", "http"), (":path", f"/larder.v1.CacheService/{method}"),
            (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers"),
        ])
        return stream

    def hear(self, seconds: float) -> bool:
        """Takes what the server says; window is never given back. False: the connection is closed."""
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(1 << 20)
        except TimeoutError:
            return True
        if not data:
            return False
        for event in self.h2.receive_data(data):
            headers = dict(getattr(event, "headers", None) or [])
            if "grpc-status" in headers:
                self.ended[event.stream_id] = headers
        self.flush()
        return True


def grown(server: harness.Server, before: int) -> int:
    return harness.resident_bytes(server.pid) - before


def test_half_sent_uploads_take_bounded_memory(make_server):
    server = make_server("--memory", "64MiB", "--threads", "2")
    m = harness.messages()
    message = m.SetRequest(key=b"k", value=bytes(4 * MIB)).SerializeToString()
    body = b"\0" + len(message).to_bytes(4, "big") + message
    before = harness.resident_bytes(server.pid)
    client = RawClient(server.port)
    left = {client.begin("Set"): memoryview(body)[:-1] for _ in range(100)}
    deadline = time.monotonic() + 15
    quiet = 0
    while left and quiet < 5 and time.monotonic() < deadline:
        moved = False
        for stream in list(left):
            if stream in client.ended or not left[stream]:
                del left[stream]
                continue
            count = min(client.h2.local_flow_control_window(stream), 16_384, len(left[stream]))
            if count > 0:
                client.h2.send_data(stream, bytes(left[stream][:count]))
                left[stream] = left[stream][count:]
                moved = True
        client.flush()
        quiet = 0 if moved else quiet + 1
        client.hear(0.001 if moved else 0.1)
    assert left, "some of the uploads must have been held back"
    assert grown(server, before) < UPLOADS_GROWTH_MAX
    # Others are served: a request that is whole at once, and one that has to come in pieces.
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"a", value=b"1"), timeout=10)
        stub.Set(m.SetRequest(key=b"b", value=bytes(2 * MIB)), timeout=10)
        assert stub.Get(m.GetRequest(key=b"a"), timeout=10).value == b"1"


def test_unread_answers_take_bounded_memory(make_server):
    server = make_server("--memory", "64MiB", "--threads", "2")
    m = harness.messages()
    keys = [f"key-{number}".encode() for number in range(1_000)]
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        for key in keys:
            stub.Set(m.SetRequest(key=key, value=bytes(1_000)))
        stub.BatchGet(m.BatchGetRequest(keys=keys))
    message = m.BatchGetRequest(keys=keys).SerializeToString()
    body = b"\0" + len(message).to_bytes(4, "big") + message
    before = harness.resident_bytes(server.pid)
    client = RawClient(server.port, window=0)
    sent = 0
    for _ in range(500):
        while client.h2.outbound_flow_control_window < len(body) and client.hear(0.5):
            pass
        stream = client.begin("BatchGet")
        client.h2.send_data(stream, body, end_stream=True)
        client.flush()
        client.hear(0.0001)
        sent += 1
    deadline = time.monotonic() + 10
    while len(client.ended) < 480 and time.monotonic() < deadline:
        client.hear(0.2)
    assert sent == 500
    statuses = {headers["grpc-status"] for headers in client.ended.values()}
    assert statuses == {"8"} and len(client.ended) >= 480
    assert grown(server, before) < ANSWERS_GROWTH_MAX
    with harness.channel(server) as channel:
        assert harness.cache_stub(channel).Get(m.GetRequest(key=keys[0]), timeout=10).value == bytes(1_000)


def test_a_connection_that_says_nothing_is_closed(make_server):
    server = make_server()
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.settimeout(20)
        began = time.monotonic()
        while silent.recv(1_024):
            pass
        assert 9 < time.monotonic() - began < 15


BUDGET, UPLOADS, EGRESS = 64 * MIB, 16 * MIB, 32 * MIB
SLOW_READERS, UPLOADERS = 24, 8


def allowance(connections: int) -> int:
    """What operations.md promises: the budget and a tenth, the process itself, its connections, and the pools:
    uploads that have room and those that wait, values that are held, and other answers that are not read."""
    return BUDGET * 110 // 100 + 48 * MIB + connections * 64 * 1024 + 2 * UPLOADS + 2 * EGRESS


def test_memory_holds_while_everything_presses(make_server):
    """Twice the budget is written, while readers do not read what is overwritten and uploads stay unfinished."""
    server = make_server(
        "--memory", "64MiB", "--threads", "2", "--upload-memory", "16MiB", "--egress-memory", "32MiB")
    m = harness.messages()
    highest = 0
    with harness.channel(server) as channel, contextlib.ExitStack() as stack:
        stub = harness.cache_stub(channel)
        uploads = []
        for _ in range(UPLOADERS):
            connection = stack.enter_context(raw.RawConnection(server.port))
            connection.socket.settimeout(0.2)
            uploads.append(connection)
            for stream in range(1, 9, 2):
                body = raw.message(m.SetRequest(key=b"u", value=bytes(2 * MIB)).SerializeToString())
                connection.send(raw.request_headers(stream, "Set"))
                # As much as the first windows allow, 64 KiB of the connection's 16 MiB at a time.
                with contextlib.suppress(TimeoutError, ConnectionError):
                    for start in range(0, MIB - 16_384, 16_384):
                        connection.send(raw.frame(raw.DATA, 0, stream, body[start:start + 16_384]))
        readers = [
            stack.enter_context(raw.RawConnection(server.port, window=0, receive_buffer=4_096))
            for _ in range(SLOW_READERS)]
        wanted = m.GetRequest(key=b"hot").SerializeToString()
        written, looked_at, rounds = 0, 0.0, 0
        sizes = [100, 1_000, 4_000, 16_000, 64_000, 200_000]
        while written < 2 * BUDGET:
            stub.Set(m.SetRequest(key=b"hot", value=os.urandom(200_000)), timeout=20)
            for reader in readers:
                with contextlib.suppress(OSError):
                    reader.send(raw.request(2 * rounds + 1, "Get", wanted))
            rounds += 1
            for number in range(40):
                value = bytes(sizes[(rounds + number) % len(sizes)])
                stub.Set(m.SetRequest(key=f"{rounds}-{number}".encode(), value=value), timeout=20)
                written += len(value)
            if time.monotonic() - looked_at > 1 or written >= 2 * BUDGET:
                looked_at = time.monotonic()
                resident = harness.resident_bytes(server.pid)
                highest = max(highest, resident)
                assert resident <= allowance(1 + UPLOADERS + SLOW_READERS)
        # Large reads are refused now, and small calls are served.
        statuses = set()
        for number in range(200):
            stub.Set(m.SetRequest(key=b"hot", value=os.urandom(200_000)), timeout=20)
            readers[0].send(raw.request(2 * (rounds + number) + 1, "Get", wanted))
            if resident := harness.resident_bytes(server.pid):
                highest = max(highest, resident)
        try:
            stub.Get(m.GetRequest(key=b"hot"), timeout=20)
        except grpc.RpcError as error:
            statuses.add(error.code())
        assert statuses == {grpc.StatusCode.RESOURCE_EXHAUSTED}, "egress memory must be full of overwritten values"
        assert highest <= allowance(1 + UPLOADERS + SLOW_READERS)
        assert stub.Get(m.GetRequest(key=b"1-0"), timeout=20).outcome in (
            m.GET_OUTCOME_HIT, m.GET_OUTCOME_MISS)
        print(f"highest {highest / MIB:.0f} MiB of {allowance(1 + UPLOADERS + SLOW_READERS) / MIB:.0f} allowed")
