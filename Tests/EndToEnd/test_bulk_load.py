"""Bulk loads: acknowledgements, resuming, refusals, and what happens to a load that is cut off."""

import queue
import struct
import threading
import time

import grpc
import h2.config
import h2.connection
import h2.events
import pytest
import socket

import harness


@pytest.fixture(scope="module")
def m():
    return harness.messages()


def start(m, **fields):
    return m.BulkLoadRequest(start=m.BulkLoadStart(**fields))


def batch(m, first, entries):
    return m.BulkLoadRequest(batch=m.EntryBatch(first_index=first, entries=entries))


def entries(m, prefix, first, count, size=100):
    return [m.Entry(key=b"%s-%06d" % (prefix, i), value=b"%06d" % i * (size // 6 + 1)) for i in range(first, first + count)]


def load(stub, requests):
    return list(stub.BulkLoad(iter(requests), timeout=60))


def test_every_entry_of_a_load_can_be_read(stub, m):
    messages = [start(m, ack_every=100)] + [batch(m, i, entries(m, b"all", i, 50)) for i in range(0, 2_000, 50)]
    answers = load(stub, messages)
    last = answers[-1]
    assert last.done and (last.committed, last.stored, last.not_admitted, last.rejected) == (2_000, 2_000, 0, 0)
    assert all(not a.done for a in answers[:-1])
    assert [a.committed for a in answers] == sorted(a.committed for a in answers)
    for i in (0, 777, 1_999):
        assert stub.Get(m.GetRequest(key=b"all-%06d" % i)).value == entries(m, b"all", i, 1)[0].value


def test_without_ack_every_there_is_one_answer(stub, m):
    answers = load(stub, [start(m), batch(m, 0, entries(m, b"quiet", 0, 500))])
    assert len(answers) == 1 and answers[0].done and answers[0].stored == 500


def test_an_empty_load_is_done_at_once(stub, m):
    answers = load(stub, [start(m)])
    assert len(answers) == 1 and answers[0].done and answers[0].committed == 0


def test_a_broken_load_goes_on_where_it_was_acknowledged(server, m):
    sent = queue.Queue()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        call = stub.BulkLoad(iter(sent.get, None), timeout=60)
        sent.put(start(m, session_id="resumed", ack_every=10))
        sent.put(batch(m, 0, entries(m, b"resumed", 0, 300)))
        committed = 0
        for answer in call:
            committed = answer.committed
            if committed >= 300:
                break
        call.cancel()
        sent.put(None)
        assert committed == 300
        for i in range(committed):  # what was acknowledged is there
            assert stub.Get(m.GetRequest(key=b"resumed-%06d" % i)).outcome == m.GET_OUTCOME_HIT
        again = queue.Queue()
        call = stub.BulkLoad(iter(again.get, None), timeout=60)
        again.put(start(m, session_id="resumed", ack_every=1_000))
        assert next(call).committed == 300
        again.put(batch(m, 200, entries(m, b"resumed", 200, 300)))  # 100 of them once more: skipped
        again.put(None)
        last = list(call)[-1]
        assert last.done and last.committed == 500


def test_a_newer_stream_takes_the_session_over(server, m):
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        old, new = queue.Queue(), queue.Queue()
        first = stub.BulkLoad(iter(old.get, None), timeout=30)
        old.put(start(m, session_id="taken", ack_every=1))
        old.put(batch(m, 0, entries(m, b"taken", 0, 1)))
        while next(first).committed < 1:
            pass
        second = stub.BulkLoad(iter(new.get, None), timeout=30)
        new.put(start(m, session_id="taken", ack_every=1))
        assert next(second).committed == 1
        old.put(batch(m, 1, entries(m, b"taken", 1, 1)))
        with pytest.raises(grpc.RpcError) as caught:
            list(first)
        assert caught.value.code() == grpc.StatusCode.ABORTED
        assert harness.error_info(caught.value).reason == "SESSION_SUPERSEDED"
        old.put(None)
        new.put(None)
        assert list(second)[-1].done


def test_if_absent_keeps_what_is_there(stub, m):
    stub.Set(m.SetRequest(key=b"absent-000001", value=b"mine"))
    last = load(stub, [start(m, if_absent=True), batch(m, 0, entries(m, b"absent", 0, 3))])[-1]
    assert (last.stored, last.condition_failed) == (2, 1)
    assert stub.Get(m.GetRequest(key=b"absent-000001")).value == b"mine"


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_checksums_are_checked(stub, m):
    assert crc32c(b"123456789") == 0xE3069283
    good = m.Entry(key=b"sum-good", value=b"value", crc32c=crc32c(b"sum-goodvalue"))
    bad = m.Entry(key=b"sum-bad", value=b"value", crc32c=1)
    assert load(stub, [start(m), batch(m, 0, [good])])[-1].stored == 1
    with pytest.raises(grpc.RpcError) as caught:
        load(stub, [start(m), batch(m, 0, [good, bad])])
    assert caught.value.code() == grpc.StatusCode.DATA_LOSS
    assert harness.error_info(caught.value).reason == "CHECKSUM"
    assert "1" in caught.value.details()
    assert stub.Get(m.GetRequest(key=b"sum-bad")).outcome == m.GET_OUTCOME_MISS


def test_wrong_entries_are_counted_and_named_and_the_load_goes_on(stub, m):
    mixed = [m.Entry(key=b"ok-1", value=b"1"), m.Entry(key=b"", value=b"2"), m.Entry(key=b"k" * 2_000), m.Entry(key=b"ok-2", value=b"3")]
    last = load(stub, [start(m), batch(m, 0, mixed)])[-1]
    assert (last.stored, last.rejected, last.committed) == (2, 2, 4)
    assert [(e.index, e.error.reason) for e in last.errors] == [(1, "KEY_EMPTY"), (2, "KEY_TOO_LONG")]


@pytest.mark.parametrize("wrong", ["no start", "two starts", "a gap", "unknown namespace"])
def test_a_load_that_breaks_the_rules_is_refused(stub, m, wrong):
    requests = {
        "no start": [batch(m, 0, entries(m, b"x", 0, 1))],
        "two starts": [start(m), start(m)],
        "a gap": [start(m), batch(m, 5, entries(m, b"x", 5, 1))],
        "unknown namespace": [start(m, namespace="nowhere")],
    }[wrong]
    with pytest.raises(grpc.RpcError) as caught:
        load(stub, requests)
    expected = grpc.StatusCode.NOT_FOUND if wrong == "unknown namespace" else grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.code() == expected, caught.value.details()


def test_a_value_in_pieces_becomes_one(stub, m):
    value = bytes(i * 7 % 256 for i in range(3_000_000))
    step = 500_000
    pieces = [
        m.Entry(key=b"pieces", value=value[i:i + step], value_bytes=len(value), value_offset=i)
        for i in range(0, len(value), step)
    ]
    last = load(stub, [start(m)] + [batch(m, i, [p]) for i, p in enumerate(pieces)])[-1]
    assert last.stored == 1
    assert stub.Get(m.GetRequest(key=b"pieces", max_inline_bytes=10 << 20)).value == value


def test_free_space_only_evicts_nothing_that_is_in_use(make_server, m):
    with harness.channel(make_server("--memory", "16MiB")) as channel:
        stub = harness.cache_stub(channel)
        for i in range(2_000):
            stub.Set(m.SetRequest(key=b"used-%d" % i, value=b"u" * 1_000))
        messages = [start(m, admission=m.ADMISSION_FREE_SPACE_ONLY)]
        messages += [batch(m, i, entries(m, b"load", i, 10, 10_000)) for i in range(0, 4_000, 10)]
        last = load(stub, messages)[-1]
        assert last.not_admitted > 1_000 and last.stored > 500 and last.stored + last.not_admitted == 4_000
        hits = sum(stub.Get(m.GetRequest(key=b"used-%d" % i, peek=True)).outcome == m.GET_OUTCOME_HIT for i in range(2_000))
        assert hits == 2_000


def framed(message) -> bytes:
    raw = message.SerializeToString()
    return struct.pack(">BI", 0, len(raw)) + raw


def test_a_load_cut_off_inside_a_message_is_never_ok(server, stub, m):
    """By raw frames: the half-close comes in the middle of a message."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, [
        (":method", "POST"), (":scheme", "http"), (":path", "/larder.v1.CacheService/BulkLoad"),
        (":authority", server.address), ("te", "trailers"), ("content-type", "application/grpc")])
    whole = framed(start(m)) + framed(batch(m, 0, entries(m, b"cut", 0, 10)))
    torn = framed(batch(m, 10, entries(m, b"cut", 10, 10)))
    connection.send_data(stream, whole + torn[:-7], end_stream=True)
    trailers = {}
    with socket.create_connection(("127.0.0.1", server.port), 5) as s:
        s.sendall(connection.data_to_send())
        s.settimeout(10)
        while "grpc-status" not in trailers:
            data = s.recv(65_536)
            assert data, "the server closed the connection without an answer"
            for event in connection.receive_data(data):
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    trailers.update({k.decode() if isinstance(k, bytes) else k: v.decode() if isinstance(v, bytes) else v for k, v in event.headers})
            s.sendall(connection.data_to_send())
    assert trailers["grpc-status"] == "13"
    for i in range(10):
        assert stub.Get(m.GetRequest(key=b"cut-%06d" % i)).outcome == m.GET_OUTCOME_HIT
    for i in range(10, 20):
        assert stub.Get(m.GetRequest(key=b"cut-%06d" % i)).outcome == m.GET_OUTCOME_MISS


def test_gets_are_answered_while_a_load_runs(server, m):
    with harness.channel(server) as channel, harness.channel(server, **{"grpc.use_local_subchannel_pool": 1}) as other:
        stub, reader = harness.cache_stub(channel), harness.cache_stub(other)
        stub.Set(m.SetRequest(key=b"beside", value=b"x"))
        done = threading.Event()

        def run():
            messages = [start(m, ack_every=1_000)]
            messages += [batch(m, i, entries(m, b"beside", i, 200, 1_000)) for i in range(0, 40_000, 200)]
            list(stub.BulkLoad(iter(messages), timeout=60))
            done.set()

        thread = threading.Thread(target=run)
        thread.start()
        answered = 0
        until = time.monotonic() + 60
        while not done.is_set() and time.monotonic() < until:
            assert reader.Get(m.GetRequest(key=b"beside"), timeout=10).value == b"x"
            answered += 1
        thread.join(60)
        assert done.is_set() and answered > 0
