"""Windows, resets, limits and ends of a connection, sent frame by frame."""

import random
import struct

import pytest

import harness
import raw
from raw import END_HEADERS, END_STREAM, HEADERS, PING, Raw, block, call_fields, data, frame, message, rst_stream
from test_frames_calls import EXPORT, GET, INTERNAL, LIMITS, LOAD, MIB, OK, SET, set_body

PLAIN = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "localhost")]


@pytest.fixture
def c(server):
    with Raw(server.port) as connection:
        yield connection


@pytest.fixture(scope="module")
def m():
    return harness.messages()


def large(m, server, key: bytes, size: int) -> bytes:
    """A Get of a value of that size, which is stored."""
    with Raw(server.port) as c:
        upload(c, 1, call_fields(SET), set_body(m, key, bytes(size)))
        assert c.answer(1).grpc == OK
    return message(m.GetRequest(key=key).SerializeToString())


def upload(c: Raw, stream: int, fields, body: bytes) -> None:
    """A request within the windows that the server gives."""
    assert c.until(lambda: c.server_settings)
    c.request(stream, fields, b"", end=False)
    sent = 0

    def window(number: int, initial: int) -> int:
        return initial + sum(f.window_increment for f in c.seen
                             if type(f).__name__ == "WindowUpdateFrame" and f.stream_id == number) - sent

    before = sum(getattr(c, "uploaded", {}).values())
    while sent < len(body):
        size = min(16_384, len(body) - sent)
        assert c.until(lambda: min(
            window(stream, c.server_settings[raw.INITIAL_WINDOW_SIZE]), window(0, 65_535) - before) >= size)
        c.send(data(stream, body[sent:sent + size]))
        sent += size
    c.uploaded = {**getattr(c, "uploaded", {}), stream: sent}
    c.send(data(stream, end=True))


# The connection


def test_the_preface_may_come_byte_by_byte(server):
    with Raw(server.port, preface=b"") as c:
        whole = raw.PREFACE + raw.settings() + frame(HEADERS, END_HEADERS | END_STREAM, 1, block(PLAIN))
        for at in range(len(whole)):
            c.send(whole[at:at + 1])
        assert c.answer(1).http == 405


@pytest.mark.parametrize("preface", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX" + bytes(20), bytes(64), b"\x16\x03\x01" + bytes(64),
])
def test_another_preface_hears_goaway_and_the_end(server, preface):
    with Raw(server.port, preface=preface) as c:
        assert not c.until(lambda: False)
        assert [g.error_code for g in c.goaways] == [raw.PROTOCOL_ERROR]


def test_settings_are_announced_and_every_one_is_acknowledged(c):
    assert c.until(lambda: c.server_settings)
    announced = c.server_settings
    assert 100 <= announced[raw.MAX_CONCURRENT_STREAMS] < 1 << 31
    assert announced[raw.MAX_HEADER_LIST_SIZE] >= 8_192 and announced[raw.INITIAL_WINDOW_SIZE] >= 65_535
    assert 0xFE03 not in announced and raw.ENABLE_PUSH not in announced
    for number in range(10):
        c.send(raw.settings((raw.INITIAL_WINDOW_SIZE, 65_535 + number)))
    assert c.until(lambda: c.acknowledged == 11) and c.settle() and c.acknowledged == c.announced == 13


def test_many_settings_of_a_client_that_reads_are_all_acknowledged(c):
    for _ in range(6):
        c.send(raw.settings() * 50)
        assert c.settle()
    assert c.acknowledged == c.announced > 300


def test_pings_come_back_with_their_bytes_also_inside_a_request(c):
    c.request(1, call_fields(LIMITS), message()[:2], end=False)
    for opaque in (bytes(8), b"\xff" * 8, b"12345678"):
        c.send(frame(PING, 0, 0, opaque))
        assert c.until(lambda: opaque in c.pongs)
    c.send(data(1, message()[2:], end=True))
    assert c.answer(1).grpc == OK


@pytest.mark.parametrize("size", [0, 64, 65_536])
def test_the_clients_table_size_binds_the_servers_headers(server, size):
    with Raw(server.port, (raw.HEADER_TABLE_SIZE, size)) as c:
        c.decoder.max_allowed_table_size = size
        for stream in (1, 3, 5):
            assert c.call(stream, GET, message()).headers["content-type"] == "application/grpc"


def test_goaway_of_a_client_lets_its_calls_finish(c, m):
    c.request(1, call_fields(LOAD), message(m.BulkLoadRequest(start=m.BulkLoadStart()).SerializeToString()), end=False)
    c.request(3, call_fields(SET), set_body(m, b"goaway")[:7], end=False)
    c.send(raw.goaway())
    assert c.settle()
    c.send(data(3, set_body(m, b"goaway")[7:], end=True))
    assert c.answer(3).grpc == OK
    c.send(data(1, message(m.BulkLoadRequest(batch=m.EntryBatch(entries=[m.Entry(key=b"g", value=b"v")])).SerializeToString()),
                end=True))
    answer = c.answer(1)
    assert answer.grpc == OK and m.BulkLoadResponse.FromString(answer.messages[-1]).stored == 1
    # Then nothing is left to be said.
    assert not c.until(lambda: False)
    assert [g.error_code for g in c.goaways] == [raw.NO_ERROR] and c.goaways[0].last_stream_id == 3


# Windows


def test_an_answer_without_window_has_headers_first_and_data_byte_by_byte(server, m):
    body = large(m, server, b"by-byte", 20)
    with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, 0)) as c:
        c.request(1, call_fields(GET), body)
        answer = c.begun(1)
        assert c.settle() and answer.lists and not answer.data and not answer.is_over
        for count in range(1, 11):
            c.send(raw.window_update(1, 1))
            assert c.until(lambda: len(answer.data) == count) and c.settle()
            assert len(answer.data) == count and not answer.is_over
        c.send(raw.window_update(1, 1_000))
        assert c.answer(1).grpc == OK


@pytest.mark.parametrize("fields, body", [(PLAIN, None), (call_fields(LIMITS), message())], ids=["plain", "grpc"])
def test_a_window_of_one_byte(server, fields, body):
    with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, 1)) as c:
        c.request(1, fields, body)
        answer = c.begun(1)
        c.until(lambda: answer.data)
        c.settle()
        assert len(answer.data) == 1 and not answer.is_over
        c.send(raw.window_update(1, 100_000))
        c.answer(1)
        assert answer.ended and len(answer.data) >= 5


def test_a_window_may_become_negative_and_must_be_filled_up_first(server, m):
    body = large(m, server, b"negative", 200)
    with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, 10)) as c:
        c.request(1, call_fields(GET), body)
        answer = c.begun(1)
        assert c.until(lambda: len(answer.data) == 10)
        c.send(raw.settings((raw.INITIAL_WINDOW_SIZE, 3)))
        # Minus seven: seven bytes more give nothing, one more gives one.
        c.send(raw.window_update(1, 7))
        assert c.settle() and len(answer.data) == 10
        c.send(raw.window_update(1, 1))
        assert c.until(lambda: len(answer.data) == 11) and c.settle() and len(answer.data) == 11
        c.send(raw.settings((raw.INITIAL_WINDOW_SIZE, 65_535)))
        assert c.answer(1).grpc == OK


def test_a_used_up_connection_window_stops_messages_and_not_headers(server, m):
    body = large(m, server, b"connection-window", 100_000)
    with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, MIB)) as c:
        c.request(1, call_fields(GET), body)
        answer = c.begun(1)
        assert c.until(lambda: len(answer.data) == 65_535) and c.settle() and not answer.is_over
        c.request(3, call_fields("/no/Method"))
        assert c.answer(3).is_trailers_only
        c.request(5, call_fields(LIMITS), message())
        assert c.until(lambda: 5 in c.answers) and c.settle() and not c.answers[5].data
        c.send(raw.window_update(0, MIB))
        assert c.answer(1).grpc == OK and c.answer(5).grpc == OK


def test_a_refused_call_needs_no_window(server):
    with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, 0)) as c:
        assert c.call(1, "/no/Method", message()).is_trailers_only


def test_an_upload_larger_than_the_windows_goes_on_as_they_are_given_back(c, m):
    value = random.Random(7).randbytes(3 * MIB + 5)
    upload(c, 1, call_fields(SET), set_body(m, b"upload", value))
    assert c.answer(1).grpc == OK
    c.send(raw.window_update(0, 64 * MIB))
    c.send(raw.settings((raw.INITIAL_WINDOW_SIZE, 16 * MIB)))
    # The value is over the default of what a Get sends inline.
    answer = c.call(3, GET, message(m.GetRequest(key=b"upload", max_inline_bytes=4 * MIB).SerializeToString()))
    assert answer.grpc == OK and m.GetResponse.FromString(answer.messages[0]).value == value


# Streams


def test_streams_over_the_limit_are_refused_unprocessed_and_the_others_served(make_server, m):
    server = make_server("--max-streams", "100")
    with Raw(server.port, acknowledges=False) as c:
        assert c.until(lambda: c.server_settings) and c.server_settings[raw.MAX_CONCURRENT_STREAMS] == 100
        numbers = range(1, 281, 2)
        for stream in numbers:
            c.request(stream, call_fields(SET), set_body(m, b"s%d" % stream), end=False)
        assert c.settle()
        refused = [stream for stream in numbers if stream in c.answers and c.answers[stream].reset is not None]
        assert refused == list(numbers)[100:]
        assert {c.answers[stream].reset for stream in refused} == {raw.REFUSED_STREAM}
        for stream in list(numbers)[:100]:
            c.send(data(stream, end=True))
            assert c.answer(stream).grpc == OK
        for stream in refused[:5]:
            answer = c.call(1_000 + stream, GET, message(m.GetRequest(key=b"s%d" % stream).SerializeToString()))
            assert m.GetResponse.FromString(answer.messages[0]).outcome == m.GET_OUTCOME_MISS


def test_who_has_acknowledged_the_limit_and_opens_more_loses_the_connection(make_server):
    server = make_server("--max-streams", "100")
    with Raw(server.port) as c:
        assert c.settle()
        for stream in range(1, 203, 2):
            c.request(stream, call_fields(SET), b"", end=False)
        assert not c.settle() and c.goaways[-1].error_code == raw.PROTOCOL_ERROR


MOMENTS = ["after the headers", "inside the prefix", "inside the message", "before the end", "after the end",
           "while the answer waits", "inside the answer"]


@pytest.mark.parametrize("path", [SET, EXPORT, LOAD])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_reset_at_any_moment_costs_nothing_but_its_call(server, m, path, moment):
    with Raw(server.port) as filling:
        for number in range(4):
            assert filling.call(1 + 2 * number, SET, set_body(m, b"e%d" % number, bytes(30_000))).grpc == OK
    key = moment.encode() + path.encode()
    request = {SET: m.SetRequest(key=key, value=b"v" * 100), EXPORT: m.ExportRequest(limit=1_000),
               LOAD: m.BulkLoadRequest(start=m.BulkLoadStart(session_id="s" * 100))}[path].SerializeToString()
    body = message(request)
    piece = {"after the headers": None, "inside the prefix": body[:3], "inside the message": body[:-1],
             "before the end": body}.get(moment, body)
    with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, 3 if moment == "inside the answer" else 0)) as c:
        for round in range(8):
            stream = 1 + 4 * round
            ends = moment in MOMENTS[4:]
            c.request(stream, call_fields(path), piece, end=ends)
            if moment in MOMENTS[5:]:
                c.begun(stream)
            c.send(rst_stream(stream, [raw.CANCEL, raw.NO_ERROR, raw.INTERNAL_ERROR, 0xFFFF_FFFF][round % 4]))
            assert c.settle()
            seen = c.answers.get(stream)
            assert not (seen and seen.reset is not None and not ends)
        # Nothing is said on a stream after its reset but what was on its way.
        before = len(c.seen)
        assert c.settle() and all(not f.stream_id for f in c.seen[before:])
        c.send(raw.settings((raw.INITIAL_WINDOW_SIZE, 65_535)))
        assert c.call(1_001, LIMITS, message()).grpc == OK


def test_calls_of_all_kinds_between_each_others_frames(c, m):
    """The bytes of many requests in random pieces, in random turns; each gets its own answer."""
    for seed in range(5):
        chance = random.Random(seed)
        left: dict[int, list[bytes]] = {}
        keys: dict[int, bytes] = {}
        for number in range(20):
            stream = 1 + 2 * (20 * seed + number)
            key = keys[stream] = b"turn-%d-%d" % (seed, number)
            body = set_body(m, key, key * chance.randrange(50))
            cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(6)))
            pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)])]
            left[stream] = [frame(HEADERS, END_HEADERS, stream, block(call_fields(SET)))]
            left[stream] += [data(stream, piece) for piece in pieces] + [data(stream, end=True)]
        opened = sorted(left)
        while left:
            # New streams in the order of their numbers, pieces of open ones in any.
            stream = chance.choice([s for s in left if len(left[s]) < 3 or s == min(opened, default=s) or s not in opened])
            if stream in opened:
                stream = opened.pop(0)
            c.send(left[stream].pop(0))
            if not left[stream]:
                del left[stream]
        for stream, key in keys.items():
            assert c.answer(stream).grpc == OK, (seed, stream)


def test_a_call_after_the_end_of_another_uses_nothing_of_it(c, m):
    """Streams that end in every way, one after the other, in the same places of the server's tables."""
    stream = 1
    for round in range(6):
        c.request(stream, call_fields(SET), message(length=9)[:5] + b"abc", end=False)
        c.send(rst_stream(stream))
        assert c.call(stream + 2, GET, message(b"\xff")).grpc == INTERNAL
        assert c.call(stream + 4, "/no/Method", message()).is_trailers_only
        assert c.call(stream + 6, LIMITS, message()).grpc == OK
        c.request(stream + 8, call_fields(LIMITS), end=False)
        c.send(data(stream + 8, struct.pack(">BI", 0, 0), end=True))
        assert c.answer(stream + 8).grpc == OK
        stream += 10


def test_a_connection_that_breaks_amid_calls_harms_nobody(server, m):
    for ending in ("close", "half-close"):
        with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, 0)) as c:
            for number, path in enumerate([SET, LOAD, EXPORT, GET] * 5):
                c.request(1 + 2 * number, call_fields(path), message()[:2 + number % 3], end=False)
            c.settle()
            if ending == "half-close":
                c.socket.shutdown(1)
                assert not c.until(lambda: False)
    with Raw(server.port) as c:
        assert c.call(1, LIMITS, message()).grpc == OK
