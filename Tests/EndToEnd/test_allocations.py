"""A call of a small value allocates nothing once the server is warm: counted, by a preloaded malloc."""

import pathlib
import struct
import subprocess

import pytest

import harness

SOURCE = pathlib.Path(__file__).parent / "allocations" / "counting_malloc.c"
CALLS = 100_000
# What a connection itself takes, its streams' slots and its growing buffers, spread over its calls.
ALLOWED_PER_THOUSAND = 10


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """A server on one thread whose allocations are counted, and where the count is."""
    folder = tmp_path_factory.mktemp("allocations")
    library, file = folder / "counting_malloc.so", folder / "count"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    env = {"LD_PRELOAD": str(library), "COUNTING_MALLOC_FILE": str(file)}
    with harness.Server("--threads", "1", "--memory", "64MiB", env=env) as server:
        yield server, lambda: struct.unpack("<Q", file.read_bytes())[0]


def h2load(server, method: str, message: bytes, folder: pathlib.Path, calls: int) -> None:
    body = folder / "request"
    body.write_bytes(struct.pack(">BI", 0, len(message)) + message)
    out = subprocess.run(
        ["h2load", "-n", str(calls), "-c", "4", "-m", "16", "-d", str(body), "-H", "content-type: application/grpc",
         "-H", "te: trailers", f"http://{server.address}/larder.v1.CacheService/{method}"],
        capture_output=True, text=True, timeout=120)
    assert f"{calls} succeeded" in out.stdout, out.stdout + out.stderr


@pytest.mark.parametrize("method", ["Get", "Set", "BatchGet"])
def test_calls_of_small_values_allocate_nothing(counted, tmp_path, method):
    m = harness.messages()
    server, allocations = counted
    with harness.channel(server) as channel:
        harness.cache_stub(channel).Set(m.SetRequest(key=b"small", value=b"v" * 100))
    message = {
        "Get": m.GetRequest(key=b"small"),
        "Set": m.SetRequest(key=b"small", value=b"v" * 100),
        "BatchGet": m.BatchGetRequest(keys=[b"small"] * 10),
    }[method].SerializeToString()
    h2load(server, method, message, tmp_path, 20_000)
    before = allocations()
    h2load(server, method, message, tmp_path, CALLS)
    per_thousand = (allocations() - before) * 1_000 / CALLS
    assert before > 1_000, "nothing was counted"
    assert per_thousand <= ALLOWED_PER_THOUSAND
