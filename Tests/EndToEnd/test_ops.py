"""The ops port: metrics as Prometheus reads them, health, and answers to whatever else comes in HTTP/1.1."""

import http.client
import json
import os
import queue
import re
import socket
import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

import harness

# What Prometheus itself says when it scrapes.
PROMETHEUS = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/3.5.0",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}


@pytest.fixture
def ops(make_server):
    """A server with an ops port, and that port."""
    port = harness.free_port()
    return make_server("--memory", "64MiB", "--ops-listen", f"127.0.0.1:{port}"), port


def ask(port, method="GET", path="/metrics", headers=None, body=None):
    """One request by a client of HTTP/1.1: the response and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response, text


def scrape(port):
    """(name, labels) -> value of every sample, and name -> family."""
    response, text = ask(port, headers=PROMETHEUS)
    assert response.status == 200
    assert response.getheader("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    families = {f.name: f for f in text_string_to_metric_families(text)}
    samples = {(s.name, *sorted(s.labels.values())): s.value for f in families.values() for s in f.samples}
    return samples, families, text


def until(port, name, value, seconds=30):
    """Scrapes until a sample has a value."""
    deadline = time.monotonic() + seconds
    while (samples := scrape(port)[0])[name] != value:
        assert time.monotonic() < deadline, (name, samples[name], value)
        time.sleep(0.1)
    return samples


def test_every_statistic_is_a_metric(ops):
    server, port = ops
    for i in range(20):
        harness.larder("set", f"key{i}", "v" * 100, server=server)
    for i in range(25):
        harness.larder("get", f"key{i}", server=server)
    harness.larder("delete", "key0", server=server)
    assert harness.larder("set", "", "x", server=server).returncode != 0
    stats = json.loads(harness.larder("admin", "stats", "-o", "json", server=server).stdout)
    samples, families, _ = scrape(port)
    ours = {
        "larder_cache_entries": "entries", "larder_cache_value_bytes": "value_bytes",
        "larder_cache_used_bytes": "used_bytes", "larder_cache_budget_bytes": "budget_bytes",
        "larder_cache_hits_total": "hits", "larder_cache_misses_total": "misses",
        "larder_cache_sets_total": "sets", "larder_cache_deletes_total": "deletes",
        "larder_cache_evicted_total": "evicted", "larder_cache_evicted_bytes_total": "evicted_bytes",
        "larder_cache_expired_total": "expired", "larder_cache_not_admitted_total": "not_admitted",
        "larder_cache_not_admitted_bytes_total": "not_admitted_bytes",
    }
    for metric, name in ours.items():
        assert samples[(metric,)] == stats.pop(name), metric
    assert (samples[("larder_cache_hits_total",)], samples[("larder_cache_misses_total",)]) == (20, 5)
    assert samples[("larder_cache_key_bytes",)] == sum(len(f"key{i}") for i in range(1, 20))
    # What is left are facts of the process, names of its own, and the defences.
    for name in ("server_version", "node_id", "uptime_millis", "resident_bytes", "connections", "calls_in_flight"):
        stats.pop(name)
    assert len(stats) > 20
    for defence, count in stats.items():
        assert samples[("larder_defences_total", defence)] == count
    assert samples[("larder_build_info", "0.1.0")] == 1
    assert "larder_cache_entries_max" not in families
    assert sum(value for name, value in samples.items() if name[0] == "larder_cache_admission_mode") == 1
    assert samples[("larder_cache_segment_bytes",)] > samples[("larder_cache_hole_bytes",)] >= 0
    assert [samples[(f"larder_{held}_bytes",)] for held in ("upload", "unread", "egress")] == [0, 0, 0]
    until(port, ("larder_connections",), 0)


def test_the_text_is_strict(ops):
    _, port = ops
    _, families, text = scrape(port)
    lines = text.split("\n")
    assert lines.pop() == ""
    for help_line in [line for line in lines if line.startswith("# HELP")]:
        assert re.fullmatch(r"# HELP [a-z_]+ [A-Z].*\.", help_line), help_line
    names = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert names == [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) == len(families) > 20
    for line in lines:
        if not line.startswith("#"):
            assert re.fullmatch(r'[a-z_]+(\{[a-z]+="[^"\\\n]*"\})? [0-9]+(\.[0-9]{3})?', line), line
    for family in families.values():
        assert family.type in ("counter", "gauge") and family.documentation
        assert family.name.startswith(("larder_", "process_"))
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name


def test_calls_failures_and_the_process_are_counted(make_server):
    port = harness.free_port()
    server = make_server(
        "--memory", "64MiB", "--max-entries", "1000", "--max-connections", "50", "--ops-listen", f"127.0.0.1:{port}")
    began = time.time()
    m = harness.messages()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        for _ in range(7):
            stub.Get(m.GetRequest(key=b"k"), timeout=10)
        for _ in range(3):
            with pytest.raises(Exception):
                stub.Get(m.GetRequest(key=b""), timeout=10)
        samples = until(port, ("larder_calls_total",), 10)
        assert samples[("larder_connections",)] == 1
    assert samples[("larder_call_failures_total", "INVALID_ARGUMENT")] == 3
    assert samples[("larder_call_failures_total", "INTERNAL")] == 0
    assert samples[("larder_cache_entries_max",)] == 1000
    assert samples[("larder_connections_max",)] == 50
    assert abs(samples[("process_start_time_seconds",)] - began) < 60
    assert samples[("process_resident_memory_bytes",)] > 1 << 20
    before = samples[("process_cpu_seconds_total",)]
    assert 0 < before <= scrape(port)[0][("process_cpu_seconds_total",)]


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/healthz", 200), ("GET", "/healthz?verbose", 200), ("GET", "/metrics?x=1", 200),
    ("GET", "/", 404), ("GET", "/metrics/", 404), ("GET", "/larder.v1.CacheService/Get", 404),
    ("POST", "/metrics", 405), ("DELETE", "/healthz", 405), ("PUT", "/nowhere", 404),
])
def test_pages_and_methods(ops, method, path, status):
    _, port = ops
    response, text = ask(port, method, path, body="x" * 100_000 if method in ("POST", "PUT") else None)
    assert response.status == status and text.endswith("\n")
    assert response.getheader("connection") == "close"
    assert response.getheader("allow") == ("GET, HEAD" if status == 405 else None)


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/nowhere"])
def test_head_is_get_without_the_body(ops, path):
    _, port = ops
    (head, nothing), (get, text) = ask(port, "HEAD", path), ask(port, "GET", path)
    assert nothing == "" and head.status == get.status
    assert abs(int(head.getheader("content-length")) - len(text)) < 20
    assert head.getheader("content-type") == get.getheader("content-type")


def raw(port, data):
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(data)
        answer = b""
        while more := s.recv(65536):
            answer += more
        return answer


@pytest.mark.parametrize("data, status", [
    (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
    (b"\r\n\r\nGET /healthz HTTP/1.1\nHost: x\n\n", b"200"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    (b"GET /metrics\r\n\r\n", b"400"),
    (b"GET  /metrics HTTP/1.1\r\n\r\n", b"400"),
    (b"GET /m\xff HTTP/1.1\r\n\r\n", b"400"),
    (b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * 5_000 + b"\r\n", b"431"),
    (b"\x16\x03\x01" + bytes(60_000), b"431"),
])
def test_what_is_no_request_is_told_so(ops, data, status):
    server, port = ops
    assert raw(port, data).split()[1] == status
    assert ask(port, path="/healthz")[0].status == 200
    assert harness.larder("health", server=server).returncode == 0


def test_a_request_may_come_byte_by_byte(ops):
    _, port = ops
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n":
            s.sendall(bytes([byte]))
        assert s.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_too_many_clients_are_closed_and_places_come_back(ops):
    _, port = ops
    silent = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(32)]
    with pytest.raises(OSError):
        ask(port, path="/healthz")
    for s in silent:
        s.close()
    deadline = time.monotonic() + 30
    while True:
        try:
            assert ask(port, path="/healthz")[0].status == 200
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_request_that_never_ends_is_closed_however_much_comes(ops):
    _, port = ops
    deadline = time.monotonic() + 60
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
        s.settimeout(0.2)
        while True:
            assert time.monotonic() < deadline
            try:
                s.sendall(b"y")
                assert s.recv(100) == b""
                break
            except TimeoutError:
                continue
            except OSError:
                break
    assert ask(port, path="/healthz")[0].status == 200


def test_a_server_that_drains_says_so_until_it_ends(ops):
    server, port = ops
    m = harness.messages()
    requests = queue.SimpleQueue()
    requests.put(m.BulkLoadRequest(start=m.BulkLoadStart(session_id="s")))
    with harness.channel(server) as channel:
        load = harness.cache_stub(channel).BulkLoad(iter(requests.get, None), timeout=60)
        next(load)
        server.process.terminate()
        deadline = time.monotonic() + 30
        while ask(port, path="/healthz")[0].status != 503:
            assert time.monotonic() < deadline
        assert scrape(port)[0][("larder_calls_in_flight",)] >= 0
        requests.put(None)
        for _ in load:
            pass
    assert server.process.wait(30) == 0


def test_without_the_setting_there_is_no_port(make_server):
    server = make_server("--memory", "64MiB")
    inodes = {os.readlink(f"/proc/{server.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{server.pid}/fd")}
    listening = [
        line.split() for line in open(f"/proc/{server.pid}/net/tcp").read().splitlines()[1:] if line.split()[3] == "0A"]
    assert sum(f"socket:[{line[9]}]" in inodes for line in listening) == 1
    # And the port of clients has no such page.
    out = subprocess.run(
        ["curl", "-s", "--http2-prior-knowledge", "-w", "%{http_code}", "-o", "/dev/null", f"http://{server.address}/metrics"],
        capture_output=True, text=True, timeout=20)
    assert out.stdout == "405"


def test_a_unix_socket_will_do(make_server, tmp_path):
    path = tmp_path / "ops.sock"
    make_server("--memory", "64MiB", "--ops-listen", f"unix:{path}")
    out = subprocess.run(
        ["curl", "-s", "--unix-socket", str(path), "http://localhost/healthz"], capture_output=True, text=True, timeout=20)
    assert out.stdout == "serving\n"


def test_an_address_that_is_taken_is_told(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        out = harness.larder("serve", "--listen", "127.0.0.1:0", "--ops-listen", address)
        assert out.returncode == 71 and out.stderr.decode().strip() == f"larder: {address}: the address is in use"
