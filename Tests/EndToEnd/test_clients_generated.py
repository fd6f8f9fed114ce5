"""One scenario, in clients that are generated from `proto/`: C++, Ruby, Python (grpcio and grpclib), and buf.

The server compresses its answers, so that each client's own unpacking is used, too.
"""

import asyncio
import base64
import concurrent.futures
import json
import pathlib
import subprocess
import sys

import grpc
import grpclib.client
import grpclib.exceptions
import pytest

import harness

PROTO = harness.ROOT / "proto"
CACHE = "larder/v1/cache.proto"
CLIENTS = pathlib.Path(__file__).parent / "clients"
BUF = pathlib.Path(sys.executable).parent / "buf"
STEPS = ["value", "load", "export", "error", "cancel", "gzip"]
LOADED = 1_000


@pytest.fixture(scope="module")
def server():
    with harness.Server("--compression", "true", "--memory", "64MiB", "--max-inline-bytes", "2MiB") as running:
        yield running


def run(*command, timeout, **options):
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_cpp(server, tmp_path):
    plugin = run("which", "grpc_cpp_plugin", timeout=10).strip()
    run("protoc", f"-I{PROTO}", f"--cpp_out={tmp_path}", f"--grpc_out={tmp_path}",
        f"--plugin=protoc-gen-grpc={plugin}", CACHE, timeout=30)
    sources = [tmp_path / "larder/v1/cache.pb.cc", tmp_path / "larder/v1/cache.grpc.pb.cc", CLIENTS / "cpp/scenario.cpp"]
    objects = [tmp_path / f"{source.name}.o" for source in sources]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(
            lambda pair: run("g++", "-std=c++17", "-O0", "-Wall", f"-I{tmp_path}", "-c", pair[0], "-o", pair[1], timeout=240),
            zip(sources, objects)))
    # Not by pkg-config: Debian's takes minutes over grpc++.
    run("g++", *objects, "-Wl,--copy-dt-needed-entries", "-lgrpc++", "-lprotobuf", "-o", tmp_path / "scenario", timeout=120)
    assert run(tmp_path / "scenario", server.address, timeout=60).split() == STEPS


def test_ruby(server, tmp_path):
    plugin = run("which", "grpc_ruby_plugin", timeout=10).strip()
    run("protoc", f"-I{PROTO}", f"--ruby_out={tmp_path}", f"--grpc_out={tmp_path}",
        f"--plugin=protoc-gen-grpc={plugin}", CACHE, timeout=30)
    said = run("/usr/bin/ruby", "-I", tmp_path, CLIENTS / "ruby/scenario.rb", server.address, timeout=60)
    assert said.split() == STEPS


def test_python(server):
    m = harness.messages()

    def set_and_get(stub, key, value):
        assert stub.Set(m.SetRequest(key=key, value=value), timeout=20).outcome == m.SET_OUTCOME_STORED
        assert stub.Get(m.GetRequest(key=key), timeout=20).value == value

    with grpc.insecure_channel(server.address) as channel:
        stub = harness.cache_stub(channel)
        set_and_get(stub, b"large", b"\xab" * (1 << 20))
        requests = [m.BulkLoadRequest(start=m.BulkLoadStart(ack_every=100))]
        for first in range(0, LOADED, 100):
            entries = [m.Entry(key=b"python-%d" % i, value=b"v" * 4_096) for i in range(first, first + 100)]
            requests.append(m.BulkLoadRequest(batch=m.EntryBatch(first_index=first, entries=entries)))
        last = list(stub.BulkLoad(iter(requests), timeout=20))[-1]
        assert last.done and last.stored == LOADED
        export = m.ExportRequest(key_prefix=b"python-")
        assert len({e.key for part in stub.Export(export, timeout=20) for e in part.entries}) == LOADED
        with pytest.raises(grpc.RpcError) as caught:
            stub.Get(m.GetRequest(key=b"k" * 2_000), timeout=20)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "1024" in caught.value.details()
        call = stub.Export(export, timeout=20)
        next(call)
        call.cancel()
        assert call.code() == grpc.StatusCode.CANCELLED
    with grpc.insecure_channel(server.address, compression=grpc.Compression.Gzip) as channel:
        set_and_get(harness.cache_stub(channel), b"packed", b"g" * 100_000)


def test_grpclib(server):
    """All of it but gzip: grpclib has no compression, neither for what it sends nor for what it takes."""
    m = harness.messages()
    from larder.v1.cache_grpc import CacheServiceStub

    async def scenario():
        channel = grpclib.client.Channel("127.0.0.1", server.port)
        try:
            stub = CacheServiceStub(channel)
            large = bytes(range(256)) * 4_096
            stored = await stub.Set(m.SetRequest(key=b"large", value=large), timeout=20)
            assert stored.outcome == m.SET_OUTCOME_STORED
            assert (await stub.Get(m.GetRequest(key=b"large"), timeout=20)).value == large
            async with stub.BulkLoad.open(timeout=20) as stream:
                await stream.send_message(m.BulkLoadRequest(start=m.BulkLoadStart(ack_every=100)))
                for first in range(0, LOADED, 100):
                    entries = [m.Entry(key=b"grpclib-%d" % i, value=b"v" * 4_096) for i in range(first, first + 100)]
                    await stream.send_message(m.BulkLoadRequest(batch=m.EntryBatch(first_index=first, entries=entries)))
                await stream.end()
                last = [answer async for answer in stream][-1]
            assert last.done and last.stored == LOADED
            export = m.ExportRequest(key_prefix=b"grpclib-")
            exported = set()
            async with stub.Export.open(timeout=20) as stream:
                await stream.send_message(export, end=True)
                async for part in stream:
                    exported |= {e.key for e in part.entries}
            assert exported == {b"grpclib-%d" % i for i in range(LOADED)}
            with pytest.raises(grpclib.exceptions.GRPCError) as caught:
                await stub.Get(m.GetRequest(key=b"k" * 2_000), timeout=20)
            assert caught.value.status.name == "INVALID_ARGUMENT" and "1024" in caught.value.message
            async with stub.Export.open(timeout=20) as stream:
                await stream.send_message(export, end=True)
                assert (await stream.recv_message()).entries
                await stream.cancel()
            assert (await stub.Get(m.GetRequest(key=b"large"), timeout=20)).value == large
        finally:
            channel.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def buf_curl(server, method):
    return [str(BUF), "curl", "--schema", str(PROTO), "--protocol", "grpc", "--http2-prior-knowledge",
            "--data", "@-", f"http://{server.address}/larder.v1.CacheService/{method}"]


def by_buf(server, method, *requests):
    return subprocess.run(
        buf_curl(server, method), input="\n".join(json.dumps(request) for request in requests),
        capture_output=True, text=True, timeout=60)


def answers(ran):
    assert ran.returncode == 0, ran.stderr
    decoder, rest, found = json.JSONDecoder(), ran.stdout.strip(), []
    while rest:
        answer, end = decoder.raw_decode(rest)
        found.append(answer)
        rest = rest[end:].strip()
    return found


def text(data):
    return base64.b64encode(data).decode()


def test_buf_curl(server):
    """buf accepts gzip, so the answers that shrink come compressed."""
    large = text(b"\xab" * (1 << 20))
    assert answers(by_buf(server, "Set", {"key": text(b"large"), "value": large}))[0]["outcome"] == "SET_OUTCOME_STORED"
    assert answers(by_buf(server, "Get", {"key": text(b"large")}))[0]["value"] == large
    batches = [
        {"batch": {"firstIndex": first, "entries": [
            {"key": text(b"buf-%d" % i), "value": text(b"v" * 4_096)} for i in range(first, first + 100)]}}
        for first in range(0, LOADED, 100)]
    last = answers(by_buf(server, "BulkLoad", {"start": {"ackEvery": 100}}, *batches))[-1]
    assert last["done"] and int(last["stored"]) == LOADED
    export = {"keyPrefix": text(b"buf-")}
    parts = answers(by_buf(server, "Export", export))
    assert len({e["key"] for part in parts for e in part.get("entries", [])}) == LOADED
    refused = by_buf(server, "Get", {"key": text(b"k" * 2_000)})
    assert refused.returncode != 0 and "invalid_argument" in refused.stderr and "1024" in refused.stderr
    with subprocess.Popen(buf_curl(server, "Export"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(json.dumps(export).encode())
        process.stdin.close()
        assert process.stdout.read(100)
        process.kill()
    assert answers(by_buf(server, "Get", {"key": text(b"large")}))[0]["value"] == large
