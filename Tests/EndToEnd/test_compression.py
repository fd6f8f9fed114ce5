"""Compressed messages, both ways: by grpcio's own compression, and frame by frame."""

import gzip
import os
import random
import zlib

import grpc
import pytest

import harness
import raw

GET = "/larder.v1.CacheService/Get"
SET = "/larder.v1.CacheService/Set"
PACK = {"gzip": gzip.compress, "deflate": zlib.compress}
UNPACK = {"gzip": gzip.decompress, "deflate": zlib.decompress}
TEXT = b"what is kept in a larder is good to have at hand; " * 2_000
NOISE = random.Random(7).randbytes(100_000)


@pytest.fixture(scope="module")
def packing_server():
    """A server that compresses its answers."""
    with harness.Server("--compression", "true") as running:
        yield running


@pytest.mark.parametrize("algorithm", [grpc.Compression.Gzip, grpc.Compression.Deflate])
@pytest.mark.parametrize("value", [TEXT, NOISE, b"", b"short"], ids=["text", "noise", "empty", "short"])
def test_grpcio_compresses_its_requests(server, algorithm, value):
    m = harness.messages()
    with grpc.insecure_channel(server.address, compression=algorithm) as channel:
        stub = harness.cache_stub(channel)
        assert stub.Set(m.SetRequest(key=b"packed", value=value), timeout=20).outcome == m.SET_OUTCOME_STORED
        assert stub.Get(m.GetRequest(key=b"packed"), timeout=20).value == value


def test_grpcio_compresses_single_calls_and_streams(server):
    m = harness.messages()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"one", value=TEXT), compression=grpc.Compression.Gzip, timeout=20)
        assert stub.Get(m.GetRequest(key=b"one"), timeout=20).value == TEXT

        def requests():
            yield m.BulkLoadRequest(start=m.BulkLoadStart())
            for first in range(0, 1_000, 100):
                # Noise is sent as it is: flagged and plain messages in one call.
                values = [TEXT[:500] if first % 200 else NOISE[:500]] * 100
                yield m.BulkLoadRequest(batch=m.EntryBatch(first_index=first, entries=[
                    m.Entry(key=b"load-%d" % (first + i), value=v) for i, v in enumerate(values)]))

        last = list(stub.BulkLoad(requests(), compression=grpc.Compression.Gzip, timeout=30))[-1]
        assert last.done and last.stored == 1_000
        assert stub.Get(m.GetRequest(key=b"load-100"), timeout=20).value == TEXT[:500]


@pytest.mark.parametrize("name", PACK)
def test_a_compressed_request_frame_by_frame(server, name):
    m = harness.messages()
    message = m.SetRequest(key=b"raw", value=TEXT).SerializeToString()
    answer = raw.call(
        server.port, SET, raw.message(PACK[name](message), 1), {"grpc-encoding": name})
    assert answer.grpc == 0
    assert m.SetResponse.FromString(answer.flagged_messages[0][1]).outcome == m.SET_OUTCOME_STORED
    # The answer says what may be sent, and is itself not compressed.
    assert answer.headers["grpc-accept-encoding"] == "identity,deflate,gzip"
    assert "grpc-encoding" not in answer.headers and answer.flagged_messages[0][0] == 0
    # A plain message under the same encoding.
    plain = raw.call(
        server.port, GET, raw.message(m.GetRequest(key=b"raw").SerializeToString()), {"grpc-encoding": name})
    assert m.GetResponse.FromString(plain.flagged_messages[0][1]).value == TEXT


def test_two_members_of_gzip_are_one_message(server):
    m = harness.messages()
    message = m.SetRequest(key=b"members", value=b"v" * 100).SerializeToString()
    body = raw.message(gzip.compress(message[:30]) + gzip.compress(message[30:]), 1)
    assert raw.call(server.port, SET, body, {"grpc-encoding": "gzip"}).grpc == 0


def refused():
    m = harness.messages()
    message = m.GetRequest(key=b"k" * 50).SerializeToString()
    good = gzip.compress(message)
    return {
        "an unknown encoding": ({"grpc-encoding": "snappy"}, raw.message(message), 12, ""),
        "an unknown encoding of a flagged message": ({"grpc-encoding": "br"}, raw.message(good, 1), 12, ""),
        "a flag without an encoding": ({}, raw.message(good, 1), 13, "names no compression"),
        "a flag under identity": ({"grpc-encoding": "identity"}, raw.message(good, 1), 13, "names no compression"),
        "a flag of 2": ({"grpc-encoding": "gzip"}, raw.message(good, 2), 13, "flag 2"),
        "no gzip": ({"grpc-encoding": "gzip"}, raw.message(message, 1), 13, "corrupt"),
        "zlib in place of gzip": ({"grpc-encoding": "gzip"}, raw.message(zlib.compress(message), 1), 13, "corrupt"),
        "raw deflate": ({"grpc-encoding": "deflate"}, raw.message(zlib.compress(message)[2:-4], 1), 13, "corrupt"),
        "a cut stream": ({"grpc-encoding": "gzip"}, raw.message(good[:-3], 1), 13, "ends before"),
        "an empty stream": ({"grpc-encoding": "gzip"}, raw.message(b"", 1), 13, "ends before"),
        "a wrong sum": ({"grpc-encoding": "gzip"}, raw.message(good[:-5] + b"\0\0\0\0\0", 1), 13, "corrupt"),
        "bytes behind the end": ({"grpc-encoding": "gzip"}, raw.message(good + b"more", 1), 13, "corrupt"),
        "bytes behind zlib's end": (
            {"grpc-encoding": "deflate"}, raw.message(zlib.compress(message) + b"more", 1), 13, "goes on"),
    }


@pytest.mark.parametrize("what", [
    "an unknown encoding", "an unknown encoding of a flagged message", "a flag without an encoding",
    "a flag under identity", "a flag of 2", "no gzip", "zlib in place of gzip", "raw deflate", "a cut stream",
    "an empty stream", "a wrong sum", "bytes behind the end", "bytes behind zlib's end"])
def test_what_cannot_be_unpacked_ends_its_call(server, what):
    fields, body, status, words = refused()[what]
    answer = raw.call(server.port, GET, body, fields)
    assert answer.grpc == status and words in answer.trailers["grpc-message"]
    assert not answer.flagged_messages
    if status == 12:
        assert answer.trailers["grpc-accept-encoding"] == "identity,deflate,gzip"
        assert fields["grpc-encoding"] not in answer.trailers["grpc-accept-encoding"]


@pytest.mark.parametrize("name", PACK)
def test_bombs_are_stopped_at_the_limit(make_server, name):
    server = make_server("--max-message-bytes", "1MiB")
    packer = zlib.compressobj(9, wbits=31 if name == "gzip" else 15)
    zeros = bytes(1 << 20)
    bomb = b"".join([*(packer.compress(zeros) for _ in range(200)), packer.flush()])
    assert len(bomb) < 250_000  # and 200 MiB inside
    before = harness.resident_bytes(server.pid)
    for method in [GET, SET, "/larder.v1.CacheService/Export", "/larder.v1.CacheService/BulkLoad"] * 3:
        answer = raw.call(server.port, method, raw.message(bomb, 1), {"grpc-encoding": name})
        assert answer.grpc == 8 and "limit of 1048576" in answer.trailers["grpc-message"]
    assert harness.resident_bytes(server.pid) - before < 32 << 20
    m = harness.messages()
    with harness.channel(server) as channel:
        harness.cache_stub(channel).Set(m.SetRequest(key=b"alive", value=b"yes"), timeout=10)


def get(server, key, accepted):
    m = harness.messages()
    fields = {"grpc-accept-encoding": accepted} if accepted is not None else {}
    return raw.call(server.port, GET, raw.message(m.GetRequest(key=key).SerializeToString()), fields)


@pytest.mark.parametrize("accepted, encoding", [
    ("identity,deflate,gzip", "gzip"), ("identity, gzip", "gzip"), ("deflate", "deflate"),
    ("identity", None), ("zstd", None), ("", None), (None, None)])
def test_answers_are_compressed_for_those_who_accept_it(packing_server, accepted, encoding):
    m = harness.messages()
    with harness.channel(packing_server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"text", value=TEXT))
        stub.Set(m.SetRequest(key=b"noise", value=NOISE))
        assert stub.Get(m.GetRequest(key=b"text"), timeout=20).value == TEXT
    answer = get(packing_server, b"text", accepted)
    flag, message = answer.flagged_messages[0]
    assert answer.headers.get("grpc-encoding") == encoding and flag == (encoding is not None)
    if encoding:
        assert len(message) < len(TEXT) / 10
        message = UNPACK[encoding](message)
    assert m.GetResponse.FromString(message).value == TEXT
    # What does not shrink is sent as it is.
    flag, message = get(packing_server, b"noise", accepted).flagged_messages[0]
    assert flag == 0 and m.GetResponse.FromString(message).value == NOISE


def test_answers_are_plain_unless_the_server_is_told_otherwise(server, stub):
    m = harness.messages()
    stub.Set(m.SetRequest(key=b"text", value=TEXT))
    answer = get(server, b"text", "gzip")
    assert "grpc-encoding" not in answer.headers and answer.flagged_messages[0][0] == 0


def test_an_export_is_compressed(packing_server):
    m = harness.messages()
    with harness.channel(packing_server) as channel:
        stub = harness.cache_stub(channel)
        for i in range(300):
            stub.Set(m.SetRequest(key=b"export-%d" % i, value=TEXT[i:i + 5_000]))
        entries = {e.key: e.value for part in stub.Export(m.ExportRequest(key_prefix=b"export-"), timeout=30)
                   for e in part.entries}
        assert entries == {b"export-%d" % i: TEXT[i:i + 5_000] for i in range(300)}
    request = raw.message(m.ExportRequest(key_prefix=b"export-").SerializeToString())
    answer = raw.call(
        packing_server.port, "/larder.v1.CacheService/Export", request, {"grpc-accept-encoding": "gzip"})
    assert any(flag for flag, _ in answer.flagged_messages)
    assert sum(len(message) for _, message in answer.flagged_messages) < 300 * 5_000 / 5


def test_the_limits_tell_the_encodings(stub):
    m = harness.messages()
    assert list(stub.GetLimits(m.GetLimitsRequest()).encodings) == ["identity", "deflate", "gzip"]


def test_the_command_line_speaks_with_a_server_that_compresses(packing_server, tmp_path):
    """It accepts no compression, so it gets none."""
    value = tmp_path / "value"
    value.write_bytes(TEXT + os.urandom(1_000))
    assert harness.larder("set", "cli", "--file", str(value), server=packing_server).returncode == 0
    got = harness.larder("get", "cli", server=packing_server)
    assert got.returncode == 0 and got.stdout.rstrip(b"\n") == value.read_bytes().rstrip(b"\n")
