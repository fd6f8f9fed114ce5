"""Very many connections, too many of them, and what an idle one costs."""

import os
import pathlib
import resource
import subprocess
import time

import pytest

import harness
from raw import RawConnection, request

KIB = 1 << 10
MIB = 1 << 20
IDLE_BYTES_MAX = 32 * KIB


@pytest.fixture
def descriptors():
    """Raises this process's limit; answers it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get_message() -> bytes:
    return harness.messages().GetRequest(key=b"k").SerializeToString()


def resting_bytes(server, seconds=60) -> int:
    """Resident memory once nothing is done any more: what was kept for more calls is let go after two seconds of
    silence, and then a second costs little CPU and leaves the memory as it is."""
    deadline = time.monotonic() + seconds
    quiet = 0
    cpu, resident = cpu_seconds(server.pid), harness.resident_bytes(server.pid)
    while quiet < 4:
        assert time.monotonic() < deadline, "it must come to rest"
        time.sleep(1)
        cpu_now, resident_now = cpu_seconds(server.pid), harness.resident_bytes(server.pid)
        quiet = quiet + 1 if cpu_now - cpu < 0.2 and resident_now == resident else 0
        cpu, resident = cpu_now, resident_now
    return resident


def test_an_idle_connection_costs_little(make_server, descriptors, record_property):
    count = min(10_000, descriptors - 500)
    assert count >= 1_000, "too few descriptors to measure anything"
    server = make_server("--threads", "1", "--memory", "64MiB")
    body = get_message()
    connections = []

    def connect(number):
        for _ in range(number):
            connection = RawConnection(server.port)
            connection.send(request(1, "Get", body))
            connection.until_end_of(1)
            connections.append(connection)

    connect(200)
    before = resting_bytes(server)
    connect(count - 200)
    each = (resting_bytes(server) - before) / (count - 200)
    print(f"{count} idle connections: {each / KIB:.1f} KiB each")
    assert each <= IDLE_BYTES_MAX
    # All of them are still served.
    for connection in connections[:: count // 50]:
        connection.send(request(3, "Get", body))
        connection.until_end_of(3)
    for connection in connections:
        connection.close()


def test_without_descriptors_it_rests_and_recovers(make_server):
    server = make_server("--threads", "1")
    m = harness.messages()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        stub.Set(m.SetRequest(key=b"k", value=b"v"), timeout=10)
        used = len(os.listdir(f"/proc/{server.pid}/fd"))
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (used + 40, used + 40))
        connections = [RawConnection(server.port) for _ in range(300)]
        before = cpu_seconds(server.pid)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            assert stub.Get(m.GetRequest(key=b"k"), timeout=10).value == b"v"
            time.sleep(0.05)
        assert cpu_seconds(server.pid) - before < 0.5
        refused = 0
        for connection in connections:
            connection.socket.settimeout(0.01)
            try:
                for _ in connection.frames():
                    pass
                refused += 1
            except TimeoutError:
                pass
            connection.close()
        assert refused >= 200
        deadline = time.monotonic() + 20
        while True:
            try:
                with RawConnection(server.port) as again:
                    again.send(request(1, "Get", get_message()))
                    again.until_end_of(1)
                    break
            except (OSError, AssertionError):
                assert time.monotonic() < deadline, "it must serve again once descriptors are free"
                time.sleep(0.1)
    wait_for_log(server, "defence=descriptor_limit")


def wait_for_log(server, words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in server.log and time.monotonic() < deadline:
        time.sleep(0.2)
    assert words in server.log


def test_the_descriptors_say_how_many_connections_there_may_be(make_server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    try:
        server = make_server("--threads", "2")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    wait_for_log(server, f"max_connections={hard - 64 - 2 * 8} ")


def test_descriptors_for_hardly_any_connection_are_warned_of():
    def began(descriptors: int, *flags: str) -> str:
        command = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", str(harness.LARDER), "serve", "--threads", "1"]
        process = subprocess.Popen([*command, *flags, "--listen", f"127.0.0.1:{harness.free_port()}"],
                                   stderr=subprocess.PIPE, env=harness.environment())
        log = ""
        while "serving" not in log:
            line = process.stderr.readline().decode()
            assert line, log
            log += line
        process.terminate()
        process.communicate(timeout=60)
        return log

    told = "not enough descriptors for more connections"
    for descriptors, flags, connections, is_warned in [
        (60, [], 1, True), (100, [], 28, True), (100, ["--max-connections", "28"], 28, False), (200, [], 128, False),
        (200, ["--max-connections", "129"], 128, True),
    ]:
        log = began(descriptors, *flags)
        assert f"max_connections={connections}" in log and (told in log) == is_warned, log


def test_more_connections_than_allowed_are_closed(make_server):
    server = make_server("--threads", "2", "--max-connections", "10")
    body = get_message()
    # The harness's own look at the port may still have one.
    deadline = time.monotonic() + 20
    served = []
    while len(served) < 10:
        assert time.monotonic() < deadline
        connection = RawConnection(server.port)
        try:
            connection.send(request(1, "Get", body))
            connection.until_end_of(1)
            served.append(connection)
        except (OSError, AssertionError):
            connection.close()
            time.sleep(0.05)
    for _ in range(5):
        with pytest.raises((OSError, AssertionError)):
            with RawConnection(server.port) as surplus:
                surplus.send(request(1, "Get", body))
                surplus.until_end_of(1)
    for connection in served:
        connection.send(request(3, "Get", body))
        connection.until_end_of(3)
    served.pop().close()
    while True:
        try:
            with RawConnection(server.port) as again:
                again.send(request(1, "Get", body))
                again.until_end_of(1)
                break
        except (OSError, AssertionError):
            assert time.monotonic() < deadline + 20
            time.sleep(0.05)
    wait_for_log(server, "defence=connection_limit")
    for connection in served:
        connection.close()
