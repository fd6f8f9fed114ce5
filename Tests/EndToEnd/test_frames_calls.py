"""What a gRPC server owes a call, sent frame by frame: most of it no client library can be made to send."""

import base64

import pytest
from google.rpc import error_details_pb2, status_pb2

import harness
import raw
from raw import END_HEADERS, END_STREAM, HEADERS, PADDED, Raw, block, call_fields, data, frame, literal, message

GET = "/larder.v1.CacheService/Get"
SET = "/larder.v1.CacheService/Set"
LIMITS = "/larder.v1.CacheService/GetLimits"
LOAD = "/larder.v1.CacheService/BulkLoad"
EXPORT = "/larder.v1.CacheService/Export"
OK, INVALID_ARGUMENT, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 0, 3, 4, 8, 12, 13
MIB = 1 << 20


@pytest.fixture
def c(server):
    with Raw(server.port) as connection:
        yield connection


@pytest.fixture(scope="module")
def m():
    return harness.messages()


def set_body(m, key: bytes, value: bytes = b"v") -> bytes:
    return message(m.SetRequest(key=key, value=value).SerializeToString())


def is_stored(c: Raw, m, stream: int, key: bytes) -> bool:
    answer = c.call(stream, GET, message(m.GetRequest(key=key).SerializeToString()))
    assert answer.grpc == OK
    return m.GetResponse.FromString(answer.messages[0]).outcome == m.GET_OUTCOME_HIT


def is_refused(answer: raw.Answer, status: int) -> bool:
    """One header list that ends the stream, in HTTP 200."""
    return answer.is_trailers_only and answer.http == 200 and answer.grpc == status


# Request headers


@pytest.mark.parametrize("content_type", [
    "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc+proto;a=b",
    "application/grpc+", "application/grpc;", "application/grpc+mine",
])
def test_a_content_type_of_grpc_is_served(c, content_type):
    answer = c.call(1, LIMITS, message(), content_type=content_type)
    assert answer.grpc == OK and answer.headers["content-type"] == "application/grpc"


@pytest.mark.parametrize("content_type", [
    None, "", "application/grpcfoo", "application/grpc-web", "application/grpc-web+proto", "Application/GRPC",
    "application/json", "text/html", "application/grp",
])
def test_any_other_content_type_is_415_with_a_body(c, content_type):
    answer = c.call(1, LIMITS, message(), content_type=content_type)
    assert answer.http == 415 and len(answer.data) >= 5 and answer.grpc is None and answer.ended


@pytest.mark.parametrize("content_type", ["application/grpc+json", "application/grpc+thrift", "application/grpc+json;a=b"])
def test_a_codec_that_is_none_of_ours_is_unimplemented(c, content_type):
    assert is_refused(c.call(1, LIMITS, message(b"{}"), content_type=content_type), UNIMPLEMENTED)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "post"])
def test_another_http_method_is_405(c, method):
    answer = c.call(1, LIMITS, message(), method=method)
    assert answer.http == 405 and answer.headers["allow"] == "POST" and len(answer.data) >= 5


@pytest.mark.parametrize("path", [
    "/", "//", "/larder.v1.CacheService", "/larder.v1.CacheService/", "/larder.v1.CacheService/get",
    "/larder.v1.cacheservice/Get", "/larder.v1.CacheService/Get/", "/larder.v1.CacheService/Get?a=b",
    "/larder.v1.CacheService/%47et", "//larder.v1.CacheService/Get", "/Get", "/a.B/C", "/" + "p" * 2_000, "/\xe9",
])
def test_a_path_that_is_no_method_is_unimplemented(c, path):
    answer = c.call(1, path, message())
    assert is_refused(answer, UNIMPLEMENTED)
    assert all(" " <= letter <= "~" for letter in answer.trailers["grpc-message"])


@pytest.mark.parametrize("timeout", [
    "", "S", "10", "abc", "-1S", "+1S", "1s", "1.5S", "1SS", "1 S", " 1S", "123456789S", "1h", "0x1S", "\u00b2S",
])
def test_a_malformed_timeout_is_internal(c, timeout):
    assert is_refused(c.call(1, LIMITS, message(), grpc_timeout=timeout), INTERNAL)


@pytest.mark.parametrize("timeout", ["99999999H", "1H", "99999999S", "00000010S", "60M", "30000m", "99999999u"])
def test_a_long_timeout_is_clamped_and_kept(c, timeout):
    assert c.call(1, LIMITS, message(), grpc_timeout=timeout).grpc == OK


@pytest.mark.parametrize("timeout", ["0S", "0H", "0n", "1n", "999n"])
def test_no_time_at_all_is_past_at_once_and_nothing_is_done(c, m, timeout):
    key = b"no-time-" + timeout.encode()
    assert is_refused(c.call(1, SET, set_body(m, key), grpc_timeout=timeout), DEADLINE_EXCEEDED)
    assert not is_stored(c, m, 3, key)


def test_of_two_timeouts_the_first_counts(c):
    fields = call_fields(LIMITS) + [("grpc-timeout", "1H"), ("grpc-timeout", "0S")]
    c.request(1, fields, message())
    assert c.answer(1).grpc == OK


@pytest.mark.parametrize("changes", [
    {"te": None}, {"scheme": "https"}, {"authority": None, "host": "localhost"}, {"authority": "a", "host": "b"},
    {"authority": "example.com:1"}, {"user-agent": None}, {"content-length": "5"},
], ids=str)
def test_what_proxies_do_to_a_head_is_accepted(c, changes):
    assert c.call(1, LIMITS, message(), **changes).grpc == OK


@pytest.mark.parametrize("name, value", [
    ("x-bin", "q6ur,qw=="), ("x-bin", "!!"), ("x-bin", "a"), ("x-bin", "-_-_"), ("x-bin", ""), ("x-bin", "AA="),
    ("x", "  leading"), ("x", "trailing  "), ("x", "\tboth\t"), ("x", " "), ("x", b"tab\tinside"), ("x", b"\x80\xff"),
    ("grpc-nobody-knows", "1"), ("grpc-status", "5"), ("grpc-message", "no"), ("grpc-previous-rpc-attempts", "2"),
    ("grpc-tags-bin", "AAAA"), ("grpc-trace-bin", "AAAA"), ("traceparent", "00-0-0-00"), ("a.b_c-d", "1"),
    ("grpc-encoding", "identity"), ("grpc-accept-encoding", "gzip,nobodys , identity"), ("grpc-accept-encoding", "z" * 500),
])
def test_metadata_that_nobody_asked_for_cannot_fail_a_call(c, name, value):
    c.request(1, [*call_fields(LIMITS), (name, value), (name, value)], message())
    assert c.answer(1).grpc == OK


@pytest.mark.parametrize("more", [[("x-large", "a" * 16_300)], [(f"x-{n}", "") for n in range(150)]], ids=["bytes", "fields"])
def test_headers_over_the_limit_are_refused_and_the_connection_goes_on(c, more):
    # What is indexed inside the refused list is known to the next one.
    indexed = b"\x40" + literal("x-known", "later")[1:]
    c.send(frame(HEADERS, 0, 1, block(call_fields(LIMITS)) + indexed),
           frame(raw.CONTINUATION, END_HEADERS, 1, block(more)), data(1, message(), end=True))
    assert is_refused(c.answer(1), RESOURCE_EXHAUSTED)
    c.send(frame(HEADERS, END_HEADERS, 3, block(call_fields(LIMITS)) + b"\xbe"), data(3, message(), end=True))
    assert c.answer(3).grpc == OK


def spread(pieces: int) -> bytes:
    """A request whose header block takes about 14 KiB a frame, in HEADERS and `pieces` CONTINUATIONs."""
    part = block([("x-large", "a" * 1_000)] * 14)
    frames = [frame(HEADERS, END_STREAM, 1, block(call_fields(LIMITS)) + part)]
    frames += [frame(raw.CONTINUATION, 0 if n < pieces else END_HEADERS, 1, part) for n in range(1, pieces + 1)]
    return b"".join(frames)


@pytest.mark.parametrize("pieces", [1, 4, 8])
def test_headers_in_many_frames_are_refused_and_the_connection_goes_on(c, pieces):
    c.send(spread(pieces))
    assert is_refused(c.answer(1), RESOURCE_EXHAUSTED)
    assert c.call(3, LIMITS, message()).grpc == OK


def test_headers_in_too_many_frames_end_the_connection_with_goaway(c):
    c.send(spread(40))
    assert not c.until(lambda: False) and c.goaways[-1].error_code == raw.ENHANCE_YOUR_CALM


def test_an_unknown_encoding_is_unimplemented_and_the_answer_names_the_known_ones(c):
    answer = c.call(1, LIMITS, message(), grpc_encoding="snappy")
    known = answer.trailers["grpc-accept-encoding"].split(",")
    assert is_refused(answer, UNIMPLEMENTED) and "identity" in known and "snappy" not in known


# Messages


@pytest.mark.parametrize("flag", [2, 3, 128, 255])
@pytest.mark.parametrize("path", [SET, EXPORT, LOAD])
def test_a_flag_that_is_none_is_internal(c, path, flag):
    c.request(1, call_fields(path), message(b"", flag), end=False)
    assert is_refused(c.answer(1), INTERNAL)


@pytest.mark.parametrize("path", [SET, EXPORT, LOAD])
def test_a_compressed_message_without_an_encoding_is_internal(c, path):
    c.request(1, call_fields(path), message(b"\x1f\x8b", 1))
    assert is_refused(c.answer(1), INTERNAL)


@pytest.mark.parametrize("length", [64 * MIB, 0x7FFF_FFFF, 0xFFFF_FFFF])
@pytest.mark.parametrize("path", [SET, EXPORT, LOAD])
def test_a_length_over_the_limit_is_refused_at_its_prefix(c, path, length):
    c.request(1, call_fields(path), message(length=length), end=False)
    answer = c.answer(1)
    assert is_refused(answer, RESOURCE_EXHAUSTED)
    c.settle()
    assert answer.reset == raw.NO_ERROR


def test_a_message_of_no_bytes_is_a_message(c):
    assert c.call(1, LIMITS, message()).grpc == OK
    assert c.call(3, GET, message()).grpc == INVALID_ARGUMENT


@pytest.mark.parametrize("path", [GET, EXPORT, "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"])
@pytest.mark.parametrize("ends", ["headers", "data", "trailers"])
def test_no_message_is_unimplemented_however_the_request_ends(c, path, ends):
    c.request(1, call_fields(path), b"" if ends == "data" else None, end=ends != "trailers")
    if ends == "trailers":
        c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, literal("x", "y")))
    assert is_refused(c.answer(1), UNIMPLEMENTED)


@pytest.mark.parametrize("path", [LOAD, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"])
def test_a_client_stream_without_messages_is_answered_at_once(c, path):
    c.request(1, call_fields(path))
    answer = c.answer(1)
    assert answer.http == 200 and answer.grpc == (INVALID_ARGUMENT if path == LOAD else OK)


@pytest.mark.parametrize("together", [True, False])
def test_two_messages_to_a_method_of_one_are_unimplemented_and_none_is_done(c, m, together):
    key = b"twice" + bytes([together])
    if together:
        answer = c.call(1, SET, set_body(m, key) * 2)
    else:
        c.request(1, call_fields(SET), set_body(m, key), end=False)
        c.send(data(1, set_body(m, key), end=True))
        answer = c.answer(1)
    assert is_refused(answer, UNIMPLEMENTED) and not is_stored(c, m, 3, key)


@pytest.mark.parametrize("stray", [b"\0", b"abc", b"\0\0\0\0", message(length=3), message(b"ab", length=3)], ids=len)
def test_bytes_behind_the_message_are_internal_and_nothing_is_done(c, m, stray):
    key = b"stray-" + bytes([len(stray)])
    assert is_refused(c.call(1, SET, set_body(m, key) + stray), INTERNAL) and not is_stored(c, m, 3, key)


def test_a_request_cut_at_any_byte_is_never_ok(c, m):
    body = set_body(m, b"cut", b"value")
    for number, length in enumerate(range(1, len(body))):
        answer = c.call(1 + 2 * number, SET, body[:length])
        assert is_refused(answer, INTERNAL), length
    assert not is_stored(c, m, 2 * len(body) + 1, b"cut")


def test_a_load_cut_at_any_byte_is_never_ok(c, m):
    start = message(m.BulkLoadRequest(start=m.BulkLoadStart()).SerializeToString())
    batch = message(m.BulkLoadRequest(batch=m.EntryBatch(entries=[m.Entry(key=b"l", value=b"v")])).SerializeToString())
    body = start + batch
    for number, length in enumerate(range(1, len(body) + 1)):
        answer = c.call(1 + 2 * number, LOAD, body[:length])
        assert answer.grpc == (OK if length in (len(start), len(body)) else INTERNAL), length


def test_a_request_byte_by_byte_with_frames_of_others_between(c, m):
    body = set_body(m, b"slow", b"value")
    c.request(1, call_fields(SET), b"", end=False)
    for number, at in enumerate(range(len(body))):
        c.send(data(1, body[at:at + 1]), data(1), frame(raw.PING, 0, 0, bytes(8)), raw.window_update(0, 1))
        assert c.call(3 + 2 * number, LIMITS, message()).grpc == OK
    assert not c.answers.get(1)
    c.send(data(1, end=True))
    assert c.answer(1).grpc == OK


def test_a_whole_request_waits_for_the_end_of_its_stream(c, m):
    c.request(1, call_fields(SET), set_body(m, b"waits"), end=False)
    assert c.settle() and 1 not in c.answers and not is_stored(c, m, 3, b"waits")
    c.send(data(1, end=True))
    assert c.answer(1).grpc == OK and is_stored(c, m, 5, b"waits")


def test_many_messages_in_one_frame_and_prefixes_cut_anywhere(c, m):
    entries = [m.Entry(key=b"many-%d" % n, value=b"v" * n) for n in range(30)]
    body = message(m.BulkLoadRequest(start=m.BulkLoadStart()).SerializeToString()) + b"".join(
        message(m.BulkLoadRequest(batch=m.EntryBatch(first_index=n, entries=[entry])).SerializeToString())
        for n, entry in enumerate(entries))
    for stream, size in enumerate([len(body), 1, 2, 3, 5, 7, 64]):
        c.request(1 + 2 * stream, call_fields(LOAD), b"", end=False)
        c.send(*[data(1 + 2 * stream, body[at:at + size]) for at in range(0, len(body), size)], data(1 + 2 * stream, end=True))
        answer = c.answer(1 + 2 * stream)
        assert answer.grpc == OK and m.BulkLoadResponse.FromString(answer.messages[-1]).stored == 30


def test_padded_data_is_the_same_request(c, m):
    body = set_body(m, b"padded", b"value")
    c.request(1, call_fields(SET), b"", end=False)
    for at in range(0, len(body), 3):
        c.send(frame(raw.DATA, PADDED, 1, bytes([200]) + body[at:at + 3] + bytes(200)))
    c.send(frame(raw.DATA, PADDED | END_STREAM, 1, b"\xff" + bytes(255)))
    assert c.answer(1).grpc == OK and is_stored(c, m, 3, b"padded")


def test_request_trailers_end_the_request_and_say_nothing(c, m):
    c.request(1, call_fields(SET), set_body(m, b"trailers"), end=False)
    c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block([("grpc-status", "5"), ("x-test", "a"), ("grpc-timeout", "no")])))
    assert c.answer(1).grpc == OK and is_stored(c, m, 3, b"trailers")


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x05a", b"\x0f", b"\x00\x00"])
def test_what_is_no_protobuf_is_internal(c, body):
    assert is_refused(c.call(1, GET, message(body)), INTERNAL)


# Answers


def test_an_answer_is_headers_data_trailers(c, m):
    c.call(1, LIMITS, message())
    kinds = [(type(f).__name__, "END_STREAM" in f.flags) for f in c.seen if f.stream_id == 1]
    assert kinds == [("HeadersFrame", False), ("DataFrame", False), ("HeadersFrame", True)]
    answer = c.answers[1]
    assert answer.lists[0][0] == (":status", "200") and answer.headers["content-type"] == "application/grpc"
    assert answer.trailers["grpc-status"] == "0" and len(answer.messages) == 1 and answer.reset is None
    assert "grpc-status" not in answer.headers and ":status" not in answer.trailers


def test_an_error_is_one_list_and_no_reset_once_the_request_has_ended(c):
    answer = c.call(1, GET, message())
    assert c.settle() and is_refused(answer, INVALID_ARGUMENT) and answer.reset is None
    assert answer.headers["content-type"] == "application/grpc"


@pytest.mark.parametrize("head, status", [
    ({"path": "/no/Method"}, UNIMPLEMENTED), ({"grpc-timeout": "x"}, INTERNAL), ({"grpc-encoding": "no"}, UNIMPLEMENTED),
], ids=str)
def test_an_early_error_is_trailers_then_a_reset_without_error(c, head, status):
    fields = {"path": LIMITS, **head}
    c.request(1, call_fields(**fields), end=False)
    answer = c.answer(1)
    assert is_refused(answer, status) and c.settle() and answer.reset == raw.NO_ERROR
    order = [type(f).__name__ for f in c.seen if f.stream_id == 1]
    assert order == ["HeadersFrame", "RstStreamFrame"]


def test_what_comes_after_an_early_error_gives_the_connections_window_back(c):
    """Far more than the window of the connection, all of it for calls that are over."""
    sent, stream = 0, 1
    window = lambda: 65_535 + sum(f.window_increment for f in c.seen if type(f).__name__ == "WindowUpdateFrame" and not f.stream_id)
    assert c.until(lambda: c.server_settings)
    while sent < 40 * MIB:
        c.request(stream, call_fields("/no/Method"), end=False)
        for _ in range(32):
            assert c.until(lambda: window() - sent >= 16_384)
            c.send(data(stream, bytes(16_384)))
            sent += 16_384
        assert is_refused(c.answer(stream), UNIMPLEMENTED)
        stream += 2
    assert c.call(stream, LIMITS, message()).grpc == OK


# Deadlines


@pytest.mark.parametrize("sent", ["nothing", "a prefix", "half a message", "a message"])
@pytest.mark.parametrize("path", [SET, EXPORT, LOAD])
def test_the_deadline_ends_a_request_that_is_not_complete(c, m, path, sent):
    key = b"late-" + sent.encode()
    request = {SET: m.SetRequest(key=key, value=b"v"), EXPORT: m.ExportRequest(),
               LOAD: m.BulkLoadRequest(start=m.BulkLoadStart())}[path].SerializeToString() or b"\x88\x7d\x00"
    body = message(request)
    piece = {"nothing": b"", "a prefix": body[:3], "half a message": body[:6], "a message": body}[sent]
    c.request(1, call_fields(path, grpc_timeout="150m"), piece, end=False)
    answer = c.answer(1)
    assert answer.ended and answer.grpc == DEADLINE_EXCEEDED and answer.http == 200
    assert c.settle() and answer.reset == raw.NO_ERROR and not is_stored(c, m, 3, key)


def test_a_load_that_the_deadline_ends_says_what_was_applied(c, m):
    c.request(1, call_fields(LOAD, grpc_timeout="500m"), message(
        m.BulkLoadRequest(start=m.BulkLoadStart()).SerializeToString()) + message(m.BulkLoadRequest(batch=m.EntryBatch(
            entries=[m.Entry(key=b"applied-%d" % n, value=b"v") for n in range(3)])).SerializeToString()), end=False)
    answer = c.answer(1)
    assert answer.grpc == DEADLINE_EXCEEDED
    assert applied(answer) == {"committed": "3", "stored": "3"}
    assert is_stored(c, m, 3, b"applied-2")


def test_the_deadline_ends_an_answer_that_is_not_read(server, m):
    """Trailers need no window: they come while the messages before them never can."""
    with Raw(server.port) as c:
        for number in range(20):
            c.call(1 + 2 * number, SET, set_body(m, b"large-%d" % number, bytes(MIB // 4)))
    with Raw(server.port, (raw.INITIAL_WINDOW_SIZE, 0)) as c:
        c.request(1, call_fields(EXPORT, grpc_timeout="300m"), message(m.ExportRequest().SerializeToString()))
        answer = c.answer(1)
        assert answer.grpc == DEADLINE_EXCEEDED and not answer.data
        c.send(raw.settings((raw.INITIAL_WINDOW_SIZE, 65_535)))
        assert c.call(3, LIMITS, message()).grpc == OK


def applied(answer: raw.Answer) -> dict[str, str]:
    text = answer.trailers["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(base64.b64decode(text + "=" * (-len(text) % 4)))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return dict(info.metadata)
