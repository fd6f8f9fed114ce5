"""Exports: everything once, by prefix, by cursor, large values in pieces."""

import grpc
import pytest

import harness

LARGE = bytes(i * 13 % 256 for i in range(1_500_000))


@pytest.fixture(scope="module")
def m():
    return harness.messages()


@pytest.fixture(scope="module")
def filled(m):
    """A server with 5,000 small items, 20 of another prefix, and one large one."""
    with harness.Server() as server, harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        items = {b"item-%05d" % i: b"value %d" % i * 3 for i in range(5_000)}
        items |= {b"other-%02d" % i: b"o" * i for i in range(20)}
        requests = [m.BulkLoadRequest(start=m.BulkLoadStart())]
        requests += [m.BulkLoadRequest(batch=m.EntryBatch(first_index=i, entries=[m.Entry(key=k, value=v, flags=i % 7)]))
                     for i, (k, v) in enumerate(items.items())]
        assert list(stub.BulkLoad(iter(requests)))[-1].stored == len(items)
        assert stub.Set(m.SetRequest(key=b"large", value=LARGE, ttl_millis=600_000)).outcome == m.SET_OUTCOME_STORED
        yield stub, items | {b"large": LARGE}


def assemble(responses):
    """Entries put together again, as a second server would."""
    whole, parts = {}, {}
    for response in responses:
        assert response.cursor
        for e in response.entries:
            if e.value_bytes:
                parts.setdefault(e.key, bytearray())
                assert e.value_offset == len(parts[e.key])
                parts[e.key] += e.value
                if len(parts[e.key]) == e.value_bytes:
                    whole[e.key] = bytes(parts.pop(e.key))
            else:
                whole[e.key] = e.value
    assert not parts
    return whole


def test_an_export_has_every_item_with_its_value(filled, m):
    stub, items = filled
    responses = list(stub.Export(m.ExportRequest()))
    assert assemble(responses) == items
    assert max(r.ByteSize() for r in responses) < 200_000
    large = [e for r in responses for e in r.entries if e.key == b"large"]
    assert len(large) > 1 and all(0 < e.ttl_millis <= 600_000 for e in large)


def test_a_prefix_and_a_limit(filled, m):
    stub, items = filled
    got = assemble(stub.Export(m.ExportRequest(key_prefix=b"other-")))
    assert got == {k: v for k, v in items.items() if k.startswith(b"other-")}
    assert sum(len(r.entries) for r in stub.Export(m.ExportRequest(key_prefix=b"item-", limit=123))) == 123


def test_metadata_only_sends_no_value(filled, m):
    stub, items = filled
    listed = [e for r in stub.Export(m.ExportRequest(metadata_only=True)) for e in r.entries]
    assert {e.key for e in listed} == set(items) and all(not e.value for e in listed)


def test_a_broken_export_goes_on_from_its_last_cursor(filled, m):
    stub, items = filled
    seen, cursor, streams = {}, b"", 0
    while True:
        streams += 1
        call = stub.Export(m.ExportRequest(cursor=cursor, key_prefix=b"item-"))
        broken = False
        for response in call:
            seen |= {e.key: e.value for e in response.entries}
            cursor = response.cursor
            if streams < 4:
                call.cancel()
                broken = True
                break
        if not broken:
            break
    assert streams == 4 and seen == {k: v for k, v in items.items() if k.startswith(b"item-")}


def test_the_two_halves_of_the_ring_make_the_whole(filled, m):
    stub, items = filled
    middle = 1 << 63
    low = assemble(stub.Export(m.ExportRequest(hash_begin=0, hash_end=middle - 1)))
    high = assemble(stub.Export(m.ExportRequest(hash_begin=middle, hash_end=(1 << 64) - 1)))
    assert not set(low) & set(high) and low | high == items
    assert len(low) > 2_000 and len(high) > 2_000


@pytest.mark.parametrize("request_fields, code, reason", [
    ({"cursor": b"not ours"}, "INVALID_ARGUMENT", "BAD_CURSOR"),
    ({"namespace": "nowhere"}, "NOT_FOUND", "NAMESPACE_UNKNOWN"),
    ({"hottest_first": True}, "UNIMPLEMENTED", None),
])
def test_refusals(filled, m, request_fields, code, reason):
    with pytest.raises(grpc.RpcError) as caught:
        list(filled[0].Export(m.ExportRequest(**request_fields)))
    assert caught.value.code().name == code
    if reason:
        assert harness.error_info(caught.value).reason == reason


def test_a_cursor_from_before_a_restart_is_aborted(filled, make_server, m):
    stub, _ = filled
    call = stub.Export(m.ExportRequest())
    cursor = next(call).cursor
    call.cancel()
    with harness.channel(make_server()) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            list(harness.cache_stub(channel).Export(m.ExportRequest(cursor=cursor)))
        assert caught.value.code() == grpc.StatusCode.ABORTED


def test_a_reader_that_stops_reading_holds_nobody_up(filled, m):
    stub, _ = filled
    call = stub.Export(m.ExportRequest())
    next(call)
    for _ in range(200):
        assert stub.Get(m.GetRequest(key=b"item-00001"), timeout=10).outcome == m.GET_OUTCOME_HIT
    call.cancel()
