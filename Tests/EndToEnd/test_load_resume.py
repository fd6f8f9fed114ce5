"""Loads that are killed, and servers that are: what was acknowledged is there, the rest can follow."""

import concurrent.futures
import contextlib
import importlib
import json
import os
import pty
import re
import select
import signal
import socket
import socketserver
import subprocess
import threading
import time

import grpc
import pytest

import harness

ITEMS = 400_000


def data_file(tmp_path):
    path = tmp_path / "many.tsv"
    with path.open("w") as out:
        out.write("key\tvalue\n")
        for i in range(ITEMS):
            out.write(f"many-{i:06d}\t{'v' * 100}{i}\n")
    return path


def count(server) -> int:
    m = harness.messages()
    with harness.channel(server) as channel:
        exported = harness.cache_stub(channel).Export(m.ExportRequest(key_prefix=b"many-", metadata_only=True))
        return sum(len(r.entries) for r in exported)


def test_a_killed_load_goes_on_with_resume(make_server, tmp_path):
    server, path = make_server("--memory", "1GiB"), data_file(tmp_path)
    command = [str(harness.LARDER), "load", str(path), "--resume", "-o", "json", "--no-progress", "--ack-every", "1000"]
    env = harness.environment(LARDER_ADDR=server.address)
    first = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while count(server) < ITEMS // 20 and time.monotonic() < until:
        assert first.poll() is None, "the load was over before it could be killed"
    first.send_signal(signal.SIGKILL)
    first.wait()
    present = count(server)
    assert ITEMS // 20 <= present < ITEMS
    second = subprocess.run(command, env=env, capture_output=True, timeout=90)
    assert second.returncode == 0, second.stderr
    told = json.loads(second.stdout)
    assert count(server) == ITEMS
    assert told["acknowledged"] == ITEMS


def test_a_progress_bar_is_drawn_on_a_terminal(make_server, tmp_path):
    server, path = make_server("--memory", "1GiB"), data_file(tmp_path)
    master, slave = pty.openpty()
    load = subprocess.Popen(
        [str(harness.LARDER), "load", str(path)], env=harness.environment(LARDER_ADDR=server.address, TERM="xterm"),
        stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 65_536)
            except OSError:
                break
        elif load.poll() is not None:
            break
    os.close(master)
    assert load.wait(10) == 0
    text = shown.decode(errors="replace")
    assert re.search(r"\d+ %", text) and "acknowledged" in text and "/s" in text
    assert "400,000" in text


@contextlib.contextmanager
def cutting_proxy(server, bytes_max: int):
    """Lets `bytes_max` through in each direction of a connection, then breaks it. Yields its address and the breaks."""
    breaks = []

    class Proxy(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(("127.0.0.1", server.port)) as upstream:
                ways = {self.request: upstream, upstream: self.request}
                passed = dict.fromkeys(ways, 0)
                while True:
                    for source in select.select(list(ways), [], [])[0]:
                        data = source.recv(65_536)
                        if not data:
                            return
                        passed[source] += len(data)
                        if passed[source] > bytes_max:
                            breaks.append(None)
                            return
                        ways[source].sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
        proxy.daemon_threads = True
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{proxy.server_address[1]}", breaks
        finally:
            proxy.shutdown()
            thread.join()


def test_a_load_and_an_export_live_through_more_connections_than_retries(make_server, tmp_path):
    server, path = make_server("--memory", "1GiB"), tmp_path / "some.tsv"
    count = 20_000
    path.write_text("key\tvalue\n" + "".join(f"key-{i:05d}\t{'v' * 200}{i}\n" for i in range(count)))
    exported = tmp_path / "some.larder"
    # Less than what either side may send ahead is no progress that anybody could count on.
    with cutting_proxy(server, 600_000) as (address, breaks):
        load = harness.larder("load", str(path), "--ack-every", "100", "--addr", address, "-o", "json")
        assert load.returncode == 0, load.stderr
        assert json.loads(load.stdout)["acknowledged"] == count
        assert len(breaks) > 5
        breaks.clear()
        export = harness.larder("export", "-o", str(exported), "--addr", address)
        assert export.returncode == 0, export.stderr
        assert len(breaks) > 5
    other = make_server("--memory", "1GiB")
    again = harness.larder("load", str(exported), "--addr", other.address, "-o", "json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["stored"] == count


@contextlib.contextmanager
def failing_server():
    """Gets on once and never again, though each of its calls does something before it fails. Yields its address and calls."""
    m, calls = harness.messages(), []
    services = importlib.import_module("larder.v1.cache_pb2_grpc")

    class Service(services.CacheServiceServicer):
        def GetLimits(self, request, context):  # noqa: N802
            return m.GetLimitsResponse(max_key_bytes=250, max_value_bytes=1 << 20, max_message_bytes=4 << 20)

        def BulkLoad(self, requests, context):  # noqa: N802
            # A session that was lost begins anew, and comes now further than the time before, now less far.
            calls.append(None)
            next(requests)
            yield m.BulkLoadResponse()
            yield m.BulkLoadResponse(committed=100 if len(calls) == 1 else 50 + 10 * (len(calls) % 2))
            context.abort(grpc.StatusCode.UNAVAILABLE, "again")

        def Export(self, request, context):  # noqa: N802
            # The entries behind a cursor come again.
            calls.append(None)
            entries = [m.Entry(key=b"k%d" % i, value=b"v") for i in range(10 if len(calls) % 2 else 8)]
            yield m.ExportResponse(entries=entries, cursor=b"the same", scanned=10, total=100)
            context.abort(grpc.StatusCode.UNAVAILABLE, "again")

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    services.add_CacheServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", calls
    finally:
        server.stop(None)


@pytest.mark.parametrize("command", ["load", "export"])
def test_what_does_not_get_further_is_given_up(tmp_path, command):
    path = tmp_path / "some.jsonl"
    if command == "load":
        path.write_text("".join(f'{{"key": "k{i}", "value": "v"}}\n' for i in range(200)))
    arguments = {"load": [str(path)], "export": ["-o", str(path)]}[command]
    with failing_server() as (address, calls):
        ended = harness.larder(command, *arguments, "--addr", address)
        assert ended.returncode == 2 and b"UNAVAILABLE" in ended.stderr, ended.stderr
        assert len(calls) == 6


@pytest.mark.parametrize("is_ignored", [False, True])
def test_a_load_that_failed_says_so_although_nobody_reads_its_report(tmp_path, is_ignored):
    path = tmp_path / "some.jsonl"
    path.write_text('{"key": "k", "value": "v"}\n')
    with failing_server() as (address, _):
        process = subprocess.Popen(
            [harness.LARDER, "load", str(path), "--session", "mine", "--addr", address], env=harness.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, restore_signals=not is_ignored)
        process.stdout.close()
        hint, failure = process.stderr.read().decode().splitlines()
        process.stderr.close()
        assert process.wait(timeout=60) == (2 if is_ignored else -signal.SIGPIPE)
    assert hint == "larder: go on with: --resume --session mine" and "UNAVAILABLE" in failure


def test_a_session_of_a_longer_input_is_not_gone_on_with(make_server):
    server, lines = make_server(), [b'{"key": "k%d", "value": "v"}\n' % i for i in range(20)]
    load = ["load", "--resume", "--session", "mine"]
    assert harness.larder(*load, server=server, stdin=b"".join(lines)).returncode == 0
    assert harness.larder(*load, server=server, stdin=b"".join(lines)).returncode == 0
    other = harness.larder(*load, server=server, stdin=b"".join(lines[:5]))
    assert other.returncode == 65
    told = other.stderr.decode()
    assert "entry 20, but only 5" in told and "another input" in told


def test_a_damaged_export_is_malformed_input(make_server, tmp_path):
    server, path = make_server(), tmp_path / "some.larder"
    for i in range(20):
        assert harness.larder("set", f"key-{i}", "v" * 50, "--addr", server.address).returncode == 0
    assert harness.larder("export", "-o", str(path), "--addr", server.address).returncode == 0
    whole = path.read_bytes()
    at = whole.index(b"vvvv", len(whole) // 2)
    path.write_bytes(whole[:at] + b"w" + whole[at + 1:])
    load = harness.larder("load", str(path), "--addr", server.address)
    assert load.returncode == 65
    told = load.stderr.decode()
    assert str(path) in told and "damaged" in told and "crc32c" in told and "--resume" not in told
