"""Pipeline through a generated grpcio client: many operations a message, answers by id."""

import json
import queue
import threading

import grpc
import pytest

import harness


@pytest.fixture(scope="module")
def m():
    return harness.messages()


def results(responses):
    return [result for response in responses for result in response.results]


def test_operations_are_done_in_order_and_answered_by_id(stub, m):
    def operations():
        yield m.PipelineRequest(operations=[
            m.Operation(id=5, set=m.SetRequest(key=b"piped", value=b"one")),
            m.Operation(id=4, get=m.GetRequest(key=b"piped")),
        ])
        yield m.PipelineRequest(operations=[
            m.Operation(id=3, delete=m.DeleteRequest(key=b"piped")),
            m.Operation(id=2, get=m.GetRequest(key=b"piped")),
        ])

    answers = results(stub.Pipeline(operations(), timeout=20))
    assert [a.id for a in answers] == [5, 4, 3, 2]
    assert answers[0].set.outcome == m.SET_OUTCOME_STORED
    assert answers[1].get.value == b"one"
    assert answers[2].delete.outcome == m.DELETE_OUTCOME_DELETED
    assert answers[3].get.outcome == m.GET_OUTCOME_MISS


def test_an_answer_does_not_wait_for_the_end_of_the_stream(stub, m):
    sent = queue.Queue()
    call = stub.Pipeline(iter(sent.get, None), timeout=20)
    for number in range(20):
        sent.put(m.PipelineRequest(operations=[
            m.Operation(id=number, set=m.SetRequest(key=b"ping", value=b"%d" % number)),
            m.Operation(id=number + 100, get=m.GetRequest(key=b"ping")),
        ]))
        answers = next(call).results
        assert [a.id for a in answers] == [number, number + 100]
        assert answers[1].get.value == b"%d" % number
    sent.put(None)
    assert list(call) == []


def test_a_quiet_operation_answers_only_what_is_out_of_the_ordinary(stub, m):
    requests = [m.PipelineRequest(operations=[
        m.Operation(id=1, quiet=True, set=m.SetRequest(key=b"quiet", value=b"x")),
        m.Operation(id=2, quiet=True, get=m.GetRequest(key=b"quiet")),
        m.Operation(id=3, quiet=True, get=m.GetRequest(key=b"nothing here")),
        m.Operation(id=4, quiet=True, delete=m.DeleteRequest(key=b"quiet")),
        m.Operation(id=5, quiet=True, delete=m.DeleteRequest(key=b"quiet")),
    ])]
    assert [a.id for a in results(stub.Pipeline(iter(requests), timeout=20))] == [2, 5]


def test_a_refused_operation_is_an_answer_and_the_others_go_on(stub, m):
    requests = [m.PipelineRequest(operations=[
        m.Operation(id=1, set=m.SetRequest(key=b"k" * 1_025, value=b"x")),
        m.Operation(id=2),
        m.Operation(id=3, increment=m.IncrementRequest(key=b"n", delta=1)),
        m.Operation(id=4, set=m.SetRequest(key=b"fine", value=b"x")),
    ])]
    answers = results(stub.Pipeline(iter(requests), timeout=20))
    assert [a.error.code for a in answers] == [3, 3, 12, 0]
    assert answers[0].error.reason == "KEY_TOO_LONG"
    assert "1025" in answers[0].error.message and "1024" in answers[0].error.message


def test_values_of_a_mebibyte_come_whole_and_in_order(stub, m):
    value = bytes(range(256)) * 4_096
    stub.Set(m.SetRequest(key=b"large", value=value))
    requests = [m.PipelineRequest(operations=[
        m.Operation(id=number, get=m.GetRequest(key=b"large")) for number in range(40)])]
    seen = 0
    for answer in results(stub.Pipeline(iter(requests), timeout=60)):
        assert (answer.id, answer.get.value == value) == (seen, True)
        seen += 1
    assert seen == 40


def test_a_client_that_does_not_read_is_not_read_from(server, m):
    """The sender is held up long before all is sent; when somebody reads, all is answered."""
    count, sent, held = 3_000, [0], threading.Event()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"held", value=b"v" * 10_000))

        def operations():
            for number in range(count):
                sent[0] = number + 1
                yield m.PipelineRequest(operations=[
                    m.Operation(id=number, get=m.GetRequest(key=b"held")),
                    m.Operation(id=number, quiet=True, set=m.SetRequest(key=b"o", value=b"o" * 10_000)),
                ])

        call = stub.Pipeline(operations(), timeout=60)
        last = -1
        while last != sent[0]:
            last = sent[0]
            held.wait(0.5)
        assert last < count
        answers = results(call)
        assert [a.id for a in answers] == list(range(count))


def test_a_pipeline_of_readable_keys_by_grpcurl(server):
    request = {"operations": [
        {"id": 1, "set": {"key": "text", "value": "hello"}},
        {"id": 2, "get": {"key": "text"}},
    ]}
    out = harness.grpcurl(server, "larder.text.v1.CacheService/Pipeline", data=json.dumps(request))
    assert out.returncode == 0, out.stderr
    assert '"value": "hello"' in out.stdout


def test_a_request_that_is_none_ends_the_call(server):
    with harness.channel(server) as channel:
        call = channel.stream_stream(
            "/larder.v1.CacheService/Pipeline", request_serializer=lambda b: b,
            response_deserializer=lambda b: b)
        with pytest.raises(grpc.RpcError) as caught:
            list(call(iter([b"\x0a\x05\x12"]), timeout=20))
        assert caught.value.code() == grpc.StatusCode.INTERNAL
