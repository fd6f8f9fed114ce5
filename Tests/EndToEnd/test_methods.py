"""The methods through a generated grpcio client: gifts first, then refusals."""

import time

import grpc
import pytest

import harness


@pytest.fixture(scope="module")
def m():
    return harness.messages()


def test_a_value_comes_back_as_it_was_set(stub, m):
    value = bytes(range(256)) * 4
    stored = stub.Set(m.SetRequest(key=b"\x00\xffbytes", value=value, flags=7))
    assert stored.outcome == m.SET_OUTCOME_STORED and stored.version != 0
    got = stub.Get(m.GetRequest(key=b"\x00\xffbytes"))
    assert got.outcome == m.GET_OUTCOME_HIT
    assert (got.value, got.flags, got.version, got.value_bytes) == (value, 7, stored.version, len(value))
    assert not got.HasField("ttl_millis")


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 16_384, 65_536, 1_048_576])
def test_values_of_many_sizes(stub, m, size):
    value = bytes(i * 31 % 251 for i in range(997)) * (size // 997 + 1)
    stub.Set(m.SetRequest(key=b"sized-%d" % size, value=value[:size]))
    assert stub.Get(m.GetRequest(key=b"sized-%d" % size)).value == value[:size]


def test_a_miss_is_an_answer_and_no_error(stub, m):
    got = stub.Get(m.GetRequest(key=b"never set"))
    assert got.outcome == m.GET_OUTCOME_MISS
    assert got.SerializeToString() == b"\x08\x02"


def test_if_version_not_spares_the_value(stub, m):
    version = stub.Set(m.SetRequest(key=b"versioned", value=b"one")).version
    same = stub.Get(m.GetRequest(key=b"versioned", if_version_not=version))
    assert (same.outcome, same.value, same.version) == (m.GET_OUTCOME_NOT_MODIFIED, b"", version)
    stub.Set(m.SetRequest(key=b"versioned", value=b"two"))
    other = stub.Get(m.GetRequest(key=b"versioned", if_version_not=version))
    assert (other.outcome, other.value) == (m.GET_OUTCOME_HIT, b"two")


def test_metadata_only_tells_all_but_the_value(stub, m):
    stub.Set(m.SetRequest(key=b"meta", value=b"12345", flags=3, ttl_millis=60_000))
    got = stub.Get(m.GetRequest(key=b"meta", metadata_only=True))
    assert (got.outcome, got.value, got.value_bytes, got.flags) == (m.GET_OUTCOME_HIT, b"", 5, 3)
    assert 0 < got.ttl_millis <= 60_000


def test_an_item_expires(stub, m):
    began = time.monotonic()
    stub.Set(m.SetRequest(key=b"short", value=b"x", ttl_millis=500))
    deadline = began + 30
    while stub.Get(m.GetRequest(key=b"short")).outcome == m.GET_OUTCOME_HIT:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert time.monotonic() - began >= 0.5, "not before its time"


def test_an_item_that_nobody_reads_expires_and_a_peek_is_no_read(stub, m):
    stub.Set(m.SetRequest(key=b"idle", value=b"x", idle_millis=200))
    deadline = time.monotonic() + 30
    while stub.Get(m.GetRequest(key=b"idle", peek=True)).outcome == m.GET_OUTCOME_HIT:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert stub.Get(m.GetRequest(key=b"idle")).outcome == m.GET_OUTCOME_MISS


def test_a_touching_read_gives_new_life_and_zero_is_for_ever(stub, m):
    stub.Set(m.SetRequest(key=b"touched", value=b"x", ttl_millis=30_000))
    assert stub.Get(m.GetRequest(key=b"touched", touch_ttl_millis=90_000)).ttl_millis > 80_000
    assert not stub.Get(m.GetRequest(key=b"touched", touch_ttl_millis=0)).HasField("ttl_millis")


def test_an_item_older_than_the_caller_accepts_is_a_miss_for_this_caller(stub, m):
    stub.Set(m.SetRequest(key=b"aged", value=b"x"))
    time.sleep(0.15)
    assert stub.Get(m.GetRequest(key=b"aged", max_age_millis=50)).outcome == m.GET_OUTCOME_MISS
    got = stub.Get(m.GetRequest(key=b"aged", max_age_millis=60_000))
    assert got.outcome == m.GET_OUTCOME_HIT and got.age_millis >= 100


def test_a_value_over_the_inline_limit_is_told_but_not_sent(stub, m):
    stub.Set(m.SetRequest(key=b"long", value=b"v" * 5_000))
    short = stub.Get(m.GetRequest(key=b"long", max_inline_bytes=100))
    assert (short.outcome, short.value_bytes, short.value) == (m.GET_OUTCOME_TOO_LARGE, 5_000, b"")


def test_the_conditions_of_a_set(stub, m):
    key = b"conditional"
    assert stub.Set(m.SetRequest(key=key, value=b"a", if_present=True)).outcome == m.SET_OUTCOME_CONDITION_FAILED
    first = stub.Set(m.SetRequest(key=key, value=b"a", if_absent=True))
    assert first.outcome == m.SET_OUTCOME_STORED
    again = stub.Set(m.SetRequest(key=key, value=b"b", if_absent=True, return_current=True))
    assert again.outcome == m.SET_OUTCOME_CONDITION_FAILED
    assert (again.version, again.current.value) == (first.version, b"a")
    stale = stub.Set(m.SetRequest(key=key, value=b"c", if_version=first.version + 999))
    assert (stale.outcome, stale.version) == (m.SET_OUTCOME_CONDITION_FAILED, first.version)
    assert stub.Set(m.SetRequest(key=key, value=b"c", if_version=first.version)).outcome == m.SET_OUTCOME_STORED
    assert stub.Get(m.GetRequest(key=key)).value == b"c"


def test_late_writes_of_older_data_do_nothing(stub, m):
    key = b"newer"
    assert stub.Set(m.SetRequest(key=key, value=b"v5", version=5, if_newer=True)).version == 5
    assert stub.Set(m.SetRequest(key=key, value=b"v4", version=4, if_newer=True)).outcome == m.SET_OUTCOME_CONDITION_FAILED
    assert stub.Set(m.SetRequest(key=key, value=b"v6", version=6, if_newer=True)).outcome == m.SET_OUTCOME_STORED
    got = stub.Get(m.GetRequest(key=key))
    assert (got.value, got.version) == (b"v6", 6)


def test_append_prepend_and_keep_ttl(stub, m):
    key = b"joined"
    absent = stub.Set(m.SetRequest(key=key, value=b"x", mode=m.WRITE_MODE_APPEND))
    assert absent.outcome == m.SET_OUTCOME_CONDITION_FAILED
    stub.Set(m.SetRequest(key=key, value=b"b", ttl_millis=60_000, flags=9))
    stub.Set(m.SetRequest(key=key, value=b"c", mode=m.WRITE_MODE_APPEND))
    stub.Set(m.SetRequest(key=key, value=b"a", mode=m.WRITE_MODE_PREPEND))
    got = stub.Get(m.GetRequest(key=key))
    assert (got.value, got.flags) == (b"abc", 9) and got.ttl_millis > 50_000
    stub.Set(m.SetRequest(key=key, value=b"new", keep_ttl=True))
    assert stub.Get(m.GetRequest(key=key)).ttl_millis > 50_000
    stub.Set(m.SetRequest(key=key, value=b"new"))
    assert not stub.Get(m.GetRequest(key=key)).HasField("ttl_millis")


def test_delete_and_delete_if_version(stub, m):
    version = stub.Set(m.SetRequest(key=b"gone", value=b"x")).version
    assert stub.Delete(m.DeleteRequest(key=b"gone", if_version=version + 1)).outcome == m.DELETE_OUTCOME_CONDITION_FAILED
    assert stub.Delete(m.DeleteRequest(key=b"gone", if_version=version)).outcome == m.DELETE_OUTCOME_DELETED
    assert stub.Delete(m.DeleteRequest(key=b"gone")).outcome == m.DELETE_OUTCOME_MISS
    assert stub.Get(m.GetRequest(key=b"gone")).outcome == m.GET_OUTCOME_MISS


def test_a_batch_answers_in_order_and_omits_what_does_not_fit(stub, m):
    for i in range(10):
        stub.Set(m.SetRequest(key=b"batch-%d" % i, value=b"%d" % i * 1_000))
    keys = [b"batch-3", b"absent", b"batch-1", b"batch-3"]
    answers = stub.BatchGet(m.BatchGetRequest(keys=keys)).responses
    assert [a.value for a in answers] == [b"3" * 1_000, b"", b"1" * 1_000, b"3" * 1_000]
    assert answers[1].outcome == m.GET_OUTCOME_MISS
    small = stub.BatchGet(m.BatchGetRequest(keys=[b"batch-%d" % i for i in range(10)], max_response_bytes=3_500))
    outcomes = [a.outcome for a in small.responses]
    assert len(outcomes) == 10 and outcomes[0] == m.GET_OUTCOME_HIT and outcomes[-1] == m.GET_OUTCOME_OMITTED
    assert small.ByteSize() <= 3_500 + 10 * 8


def test_limits_are_told(stub, m):
    limits = stub.GetLimits(m.GetLimitsRequest())
    assert limits.max_key_bytes == 1_024 and limits.max_inline_bytes == 1 << 20
    assert limits.max_message_bytes == (4 << 20) + (64 << 10) and limits.max_batch_items > 0
    assert limits.server_version and limits.node_id


REFUSED = [
    (lambda m: ("Get", m.GetRequest()), "INVALID_ARGUMENT", "KEY_EMPTY", ["1"]),
    (lambda m: ("Get", m.GetRequest(key=b"k" * 1_025)), "INVALID_ARGUMENT", "KEY_TOO_LONG", ["1024", "1025"]),
    (lambda m: ("Get", m.GetRequest(key=b"k", namespace="nowhere")), "NOT_FOUND", "NAMESPACE_UNKNOWN", ["default"]),
    (lambda m: ("Get", m.GetRequest(key=b"k", lease=m.Lease(hold_millis=1))), "UNIMPLEMENTED", None, ["lease"]),
    (lambda m: ("Set", m.SetRequest(value=b"x")), "INVALID_ARGUMENT", "KEY_EMPTY", []),
    (lambda m: ("Set", m.SetRequest(key=b"k", ttl_millis=5, keep_ttl=True)), "INVALID_ARGUMENT", None, ["keep_ttl"]),
    (lambda m: ("Set", m.SetRequest(key=b"k", if_newer=True)), "INVALID_ARGUMENT", None, ["if_newer", "version"]),
    (lambda m: ("Set", m.SetRequest(key=b"k", tags=["t"])), "UNIMPLEMENTED", None, ["tags"]),
    (lambda m: ("BatchGet", m.BatchGetRequest(keys=[b"k"] * 5_000)), "INVALID_ARGUMENT", None, ["5000"]),
    (lambda m: ("Touch", m.TouchRequest(key=b"k")), "UNIMPLEMENTED", None, ["Touch"]),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_a_refusal_names_the_reason_the_limit_and_the_value(stub, m, case):
    make, code, reason, words = REFUSED[case]
    method, request = make(m)
    with pytest.raises(grpc.RpcError) as caught:
        getattr(stub, method)(request)
    error = caught.value
    assert error.code().name == code, error.details()
    for word in words:
        assert word in error.details()
    info = harness.error_info(error)
    assert info.domain == "larder.v1" and info.reason == (reason or info.reason) and info.reason


def test_an_unknown_method_is_unimplemented(server):
    with harness.channel(server) as channel:
        call = channel.unary_unary("/larder.v1.CacheService/NoSuchMethod")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"")
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_what_of_the_admin_service_is_not_served_is_known(server):
    with harness.channel(server) as channel:
        import larder.v1.admin_pb2 as admin
        with pytest.raises(grpc.RpcError) as caught:
            harness.admin_stub(channel).ExplainKey(admin.ExplainKeyRequest())
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_too_large_value_is_refused_and_the_old_one_kept(make_server, m):
    with harness.channel(make_server("--max-value-bytes", "1000")) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"kept", value=b"old"))
        with pytest.raises(grpc.RpcError) as caught:
            stub.Set(m.SetRequest(key=b"kept", value=b"x" * 1_001))
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "1001" in caught.value.details() and "1000" in caught.value.details()
        assert harness.error_info(caught.value).reason == "VALUE_TOO_LARGE"
        assert stub.Get(m.GetRequest(key=b"kept")).value == b"old"
        assert stub.Set(m.SetRequest(key=b"kept", value=b"x" * 1_000)).outcome == m.SET_OUTCOME_STORED


def test_an_oversized_message_is_refused_and_other_calls_go_on(server, stub, m):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Set(m.SetRequest(key=b"big", value=b"x" * (5 << 20)))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str((4 << 20) + (64 << 10)) in caught.value.details()
    assert stub.Set(m.SetRequest(key=b"after", value=b"fine")).outcome == m.SET_OUTCOME_STORED


def test_malformed_protobuf_is_internal_and_the_connection_lives(server, m):
    with harness.channel(server) as channel:
        raw = channel.unary_unary("/larder.v1.CacheService/Set")
        for bad in [b"\x0a", b"\x0a\x05ab", b"\xff" * 11, b"\x0b", b"\x12\x02\xff\xfe"]:
            with pytest.raises(grpc.RpcError) as caught:
                raw(bad)
            assert caught.value.code() == grpc.StatusCode.INTERNAL, caught.value
        assert harness.cache_stub(channel).Get(m.GetRequest(key=b"x")).outcome == m.GET_OUTCOME_MISS

