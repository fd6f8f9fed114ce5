"""What the server does against peers that send what no client should: it ends them, counts and logs it."""

import socket
import time

import pytest

import harness
from raw import (
    ACK, CONTINUATION, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, SETTINGS, WINDOW_UPDATE, RawConnection, frame,
    request, request_headers,
)

MIB = 1 << 20


@pytest.fixture(scope="module")
def server():
    with harness.Server("--threads", "1", "--memory", "64MiB") as running:
        yield running


def wait_for_log(server: harness.Server, *defences: str) -> None:
    """The counters are logged every few seconds, one line for each that has risen. Any of `defences` will do."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(f"defence={defence} " in server.log for defence in defences):
            return
        time.sleep(0.2)
    raise AssertionError(server.log)


def last_goaway(connection: RawConnection) -> tuple[int, bytes] | None:
    """Code and words of the first GOAWAY before the server closes the connection."""
    found = None
    for _, _, _, payload in connection.frames_of((GOAWAY,)):
        found = found or (int.from_bytes(payload[4:8], "big"), payload[8:])
    return found


def feed(connection: RawConnection, pieces) -> None:
    """Sends until the server has had enough."""
    try:
        for piece in pieces:
            connection.send(piece)
    except (ConnectionError, TimeoutError):
        pass


def still_serves(server: harness.Server) -> None:
    with harness.channel(server) as channel:
        m = harness.messages()
        harness.cache_stub(channel).Set(m.SetRequest(key=b"k", value=b"v"), timeout=20)


def streams(count: int):
    return range(1, 2 * count, 2)


ATTACKS = {
    "reset_flood": (lambda: (request_headers(s, "Get") + frame(3, 0, s, b"\0\0\0\x08") for s in streams(3_000)), None),
    "provoked_resets": (
        # Many in one read are also too many streams at once, and then that is what GOAWAY tells.
        lambda: (request_headers(s, "Get") + frame(WINDOW_UPDATE, 0, s, b"\x7f\xff\xff\xff") for s in streams(30_000)),
        None),
    "frame_flood": (
        lambda: (frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01") * 100 for _ in range(3_000)), (11, b"too_many_frames")),
    "ping_flood": (lambda: (frame(PING, 0, 0, bytes(8)) for _ in range(10)), (11, b"too_many_pings")),
    "continuation_flood": (
        lambda: [request_headers(1, "Get", flags=0)] + [frame(CONTINUATION, 0, 1, b"\0\1a\1b")] * 100, None),
    "protocol_fault": (lambda: [frame(HEADERS, 5, 2, b"\x83")], (1, None)),
}


@pytest.mark.parametrize("defence", ATTACKS)
def test_a_flood_ends_its_connection_and_is_counted(server, defence):
    pieces, goaway = ATTACKS[defence]
    with RawConnection(server.port) as connection:
        feed(connection, pieces())
        told = last_goaway(connection)
    if goaway and told:  # Lost if the server's socket was closed with bytes of the flood unread.
        assert told[0] == goaway[0] and goaway[1] in (None, told[1])
    still_serves(server)
    wait_for_log(server, defence)


def test_acknowledgements_that_nobody_reads_are_bounded(make_server):
    server = make_server("--threads", "1", "--min-ping-interval", "0")
    before = harness.resident_bytes(server.pid)
    with RawConnection(server.port, receive_buffer=4_096) as connection:
        connection.socket.settimeout(5)
        feed(connection, (frame(PING, 0, 0, bytes(8)) * 1_000 for _ in range(3_000)))
        assert harness.resident_bytes(server.pid) - before < 16 * MIB
    still_serves(server)
    wait_for_log(server, "acknowledgement_flood", "frame_flood")


def test_a_peer_that_does_not_read_is_not_read_either(server):
    m = harness.messages()
    with harness.channel(server) as channel:
        harness.cache_stub(channel).Set(m.SetRequest(key=b"large", value=bytes(MIB)), timeout=20)
    before = harness.resident_bytes(server.pid)
    get = m.GetRequest(key=b"large").SerializeToString()
    with RawConnection(server.port, window=0x7FFF_FFFF, receive_buffer=4_096) as connection:
        connection.socket.settimeout(3)
        connection.send(frame(WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big")))
        connection.send(b"".join(request(stream, "Get", get) for stream in streams(40)))
        with pytest.raises(TimeoutError):
            for _ in range(20_000):
                connection.send(bytes([0, 0x40, 0, 0xFA, 0, 0, 0, 0, 0]) + bytes(0x4000))
                time.sleep(0)
        assert harness.resident_bytes(server.pid) - before < 32 * MIB
    still_serves(server)
    wait_for_log(server, "reading_paused")


def test_streams_over_the_limit_do_not_pile_up(server):
    """A client that never acknowledges the limit and does not read."""
    before = harness.resident_bytes(server.pid)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(5)
        try:
            client.sendall(PREFACE + frame(SETTINGS, 0, 0))
            for stream in streams(100_000):
                client.sendall(request_headers(stream, "Get"))
        except (ConnectionError, TimeoutError):
            pass
        assert harness.resident_bytes(server.pid) - before < 32 * MIB
    wait_for_log(server, "refused_streams")


def closes_within(connection: RawConnection, seconds: float) -> bool:
    connection.socket.settimeout(seconds)
    try:
        for _ in connection.frames():
            pass
    except TimeoutError:
        return False
    return True


TIMEOUTS = {
    "handshake_timeout": ("--handshake-timeout", None),
    "settings_timeout": ("--handshake-timeout", PREFACE + frame(SETTINGS, 0, 0)),
    "idle_timeout": ("--idle-timeout", PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0)),
    "connection_age": ("--max-connection-age", PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0)),
}


@pytest.mark.parametrize("defence", TIMEOUTS)
def test_a_connection_that_has_had_its_time_is_ended(make_server, defence):
    flag, first = TIMEOUTS[defence]
    server = make_server(flag, "1s", "--threads", "1")
    connection = RawConnection.__new__(RawConnection)
    connection.socket, connection.buffer = socket.create_connection(("127.0.0.1", server.port)), b""
    with connection:
        connection.send(first or PREFACE[:10])
        assert closes_within(connection, 30)
    wait_for_log(server, defence)


@pytest.mark.parametrize("flag, word", {"--idle-timeout": b"max_idle", "--max-connection-age": b"max_age"}.items())
def test_goaway_tells_why_it_is_time_to_go(make_server, flag, word):
    server = make_server(flag, "1s", "--threads", "1")
    with RawConnection(server.port) as connection:
        goaways = []
        for kind, flags, _, payload in connection.frames_of((PING, GOAWAY)):
            if kind == PING and not flags & ACK:
                connection.send(frame(PING, ACK, 0, payload))
            elif kind == GOAWAY:
                goaways.append((int.from_bytes(payload[4:8], "big"), payload[8:]))
            if len(goaways) == 2:
                break
    assert goaways == [(0, b""), (0, word)]


def test_a_client_that_takes_nothing_of_an_answer_is_given_up(make_server):
    server = make_server("--write-timeout", "1s", "--threads", "1", "--memory", "64MiB")
    m = harness.messages()
    with harness.channel(server) as channel:
        harness.cache_stub(channel).Set(m.SetRequest(key=b"large", value=bytes(MIB)), timeout=20)
    body = m.GetRequest(key=b"large").SerializeToString()
    # One that gives no window, and one whose socket is full.
    with RawConnection(server.port, window=0) as withholding:
        withholding.send(request(1, "Get", body))
        assert closes_within(withholding, 30)
    with RawConnection(server.port, window=0x7FFF_FFFF, receive_buffer=4_096) as deaf:
        deaf.send(frame(WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big")))
        deaf.send(b"".join(request(stream, "Get", body) for stream in streams(20)))
        deadline = time.monotonic() + 60
        while server.log.count("total=2") == 0 and time.monotonic() < deadline:
            time.sleep(0.2)
    assert "defence=write_timeout total=2" in server.log, server.log


def test_a_request_that_does_not_come_on_ends_its_call_alone(make_server):
    server = make_server("--request-timeout", "1s", "--threads", "1")
    body = harness.messages().GetRequest(key=b"k").SerializeToString()
    with RawConnection(server.port) as connection:
        connection.send(request_headers(1, "Set") + frame(0, 0, 1, b"\0\0\0\1"))
        connection.until_end_of(1)
        connection.send(request(3, "Get", body))
        connection.until_end_of(3)
    wait_for_log(server, "request_timeout")


def test_a_silent_client_with_an_open_call_is_pinged_and_given_up(make_server):
    server = make_server("--keepalive-time", "1s", "--keepalive-timeout", "1s", "--threads", "1")
    with RawConnection(server.port) as silent, RawConnection(server.port) as answering:
        for connection in (silent, answering):
            connection.send(request_headers(1, "BulkLoad"))
        # Whoever answers stays: this thread hears of several pings before the other has gone.
        pings = 0
        for _, flags, _, payload in answering.frames_of((PING,)):
            if not flags & ACK:
                answering.send(frame(PING, ACK, 0, payload))
                pings += 1
            if pings == 3:
                break
        assert closes_within(silent, 30)
    wait_for_log(server, "keepalive_timeout")


def test_an_aged_connection_lets_its_calls_finish(make_server):
    server = make_server("--max-connection-age", "1s", "--max-connection-age-grace", "60s", "--threads", "1")
    m = harness.messages()
    body = m.GetRequest(key=b"k").SerializeToString()
    with RawConnection(server.port) as connection:
        connection.send(request_headers(1, "Get"))
        lasts = []
        for kind, flags, _, payload in connection.frames_of((PING, GOAWAY)):
            if kind == PING and not flags & ACK:
                connection.send(frame(PING, ACK, 0, payload))
            if kind == GOAWAY:
                lasts.append(int.from_bytes(payload[:4], "big"))
            if len(lasts) == 2:
                break
        assert lasts == [0x7FFF_FFFF, 1]
        connection.send(frame(0, END_STREAM, 1, b"\0" + len(body).to_bytes(4, "big") + body))
        connection.until_end_of(1)
        assert closes_within(connection, 30)
