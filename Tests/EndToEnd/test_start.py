"""How the server starts, and what it writes while it runs."""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

import harness


def test_a_taken_port_is_exit_71_and_one_line(make_server):
    running = make_server()
    second = harness.larder("serve", "--listen", running.address)
    assert second.returncode == 71
    lines = second.stderr.decode().strip().splitlines()
    assert len([line for line in lines if line.startswith("larder: ")]) == 1
    assert running.address in second.stderr.decode() and "in use" in second.stderr.decode()
    assert running.process.poll() is None


def test_a_taken_unix_socket_is_exit_71_and_a_stale_one_is_replaced(make_server, tmp_path):
    path = tmp_path / "larder.sock"
    first = make_server("--listen", f"unix:{path}")
    assert harness.larder("serve", "--listen", f"unix:{path}").returncode == 71
    first.kill()
    assert path.exists()
    second = harness.Server("--listen", f"unix:{path}")
    with second:
        assert harness.larder("health", "--addr", f"unix:{path}").returncode == 0
    assert not path.exists()


def assert_refused(run, code: int, *words: str) -> None:
    lines = [line for line in run.stderr.decode().splitlines() if line.startswith("larder: ")]
    assert run.returncode == code and len(lines) == 1, run.stderr.decode()
    assert all(word in lines[0] for word in words), lines


@pytest.mark.parametrize("flag", ["--listen", "--admin-listen"])
def test_no_listener_starts_without_all_of_them(make_server, tmp_path, flag):
    """The first can be had, the second not; and nothing is left of the first."""
    taken = make_server().address
    port, path = harness.free_port(), tmp_path / "no such folder" / "socket"
    first = ["serve", "--listen", f"127.0.0.1:{port}", "--listen", f"unix:{tmp_path}/first"]
    assert_refused(harness.larder(*first, flag, taken), 71, taken, "in use")
    assert_refused(harness.larder(*first, flag, f"unix:{path}"), 71, str(path), "no such file")
    (tmp_path / "file").write_text("not a socket")
    assert_refused(harness.larder(*first, flag, f"unix:{tmp_path}/file"), 71, "no socket")
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "not a socket"


def under(limit: str, *arguments: str) -> subprocess.CompletedProcess:
    """Larder under a limit of the shell."""
    return subprocess.run(
        ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", str(harness.LARDER), *arguments],
        capture_output=True, timeout=60, env=harness.environment())


@pytest.mark.parametrize("limit", [12, 16, 22, 48, 120])
def test_too_few_descriptors_are_exit_71_and_nothing_listens(tmp_path, limit):
    """With some of these numbers there are descriptors for the first loops and not for the others."""
    run = under(f"-n {limit}", "serve", "--threads", "32", "--listen", f"unix:{tmp_path}/socket")
    assert_refused(run, 71, f"may have {limit} ", "ulimit -n", "32 threads need 153 file descriptors")
    assert list(tmp_path.iterdir()) == []


def test_a_loop_that_can_not_be_made_is_exit_71_and_nothing_listens(tmp_path):
    """As many descriptors as are needed, and some are taken by whoever started it."""
    taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(60)]
    try:
        run = subprocess.run(
            ["sh", "-c", 'ulimit -n 153; exec "$@"', "sh", str(harness.LARDER), "serve", "--threads", "32",
             "--listen", f"unix:{tmp_path}/socket"],
            capture_output=True, timeout=60, env=harness.environment(), pass_fds=taken)
    finally:
        for descriptor in taken:
            os.close(descriptor)
    assert_refused(run, 71, "too many open files")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kibibytes", [1_000_000, 300_000_000])
def test_too_few_addresses_are_exit_71_and_nothing_listens(tmp_path, kibibytes):
    run = under(f"-v {kibibytes}", "serve", "--memory", "64MiB", "--listen", f"unix:{tmp_path}/socket")
    assert_refused(run, 71, "address space", "ulimit -v")
    assert list(tmp_path.iterdir()) == []
    trace = tmp_path / "trace.csv"
    trace.write_text("time,key,size\n1,1,10\n")
    run = under(f"-v {kibibytes}", "simulate", str(trace), "--budget", "1MiB")
    assert_refused(run, 71, "address space", "ulimit -v")


def test_the_longest_key_that_may_be_asked_for_is_served(make_server):
    server = make_server("--max-key-bytes", "65535")
    key = "k" * 65_535
    assert harness.larder("set", key, "value", "--addr", server.address).returncode == 0
    assert harness.larder("get", key, "--addr", server.address).stdout.strip() == b"value"
    run = harness.larder("serve", "--max-key-bytes", "64KiB")
    assert_refused(run, 64, "out of range")


def thread_of(server, name):
    """The number of a server's thread; each names itself when it gets to run, which may be after the first answer."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == name:
                return int(task.name)
        time.sleep(0.01)
    raise AssertionError(f"no thread is called {name}")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGILL, signal.SIGBUS])
def test_a_fault_in_one_thread_ends_the_process(number):
    # A backtrace, where the runtime is asked for one, would come first: by a handler that waits for the fault to come
    # again, which one that is sent does not.
    with harness.Server("--threads", "3", env={"SWIFT_BACKTRACE": "enable=no"}) as server:
        assert ctypes.CDLL(None).tgkill(server.pid, thread_of(server, "larder-2"), int(number)) == 0
        assert server.process.wait(20) == -number
        server.was_killed = True
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", server.port)) != 0


def test_all_listeners_serve_one_cache(make_server, tmp_path):
    ports = [harness.free_port() for _ in range(2)]
    server = make_server(
        "--listen", f"127.0.0.1:{ports[0]}", "--listen", f"[::1]:{ports[1]}", "--listen", f"unix:{tmp_path}/s")
    addresses = [server.address, f"127.0.0.1:{ports[0]}", f"[::1]:{ports[1]}", f"unix:{tmp_path}/s"]
    for i, address in enumerate(addresses):
        assert harness.larder("set", f"from-{i}", "x", "--addr", address).returncode == 0
    for address in addresses:
        for i in range(len(addresses)):
            assert harness.larder("get", f"from-{i}", "--addr", address).returncode == 0


def test_the_log_is_json_lines_and_tells_no_key_and_no_value(make_server):
    server = make_server("--log-format", "json", "--log-level", "trace")
    assert harness.larder("set", "secret-key", "secret-value", server=server).returncode == 0
    assert harness.larder("get", "secret-key", server=server).returncode == 0
    assert harness.larder("get", "secret-" * 300, server=server).returncode == 2
    with socket.create_connection(("127.0.0.1", server.port), 5) as s:
        s.sendall(b"secret garbage\r\n\r\n" * 3)
        s.settimeout(5)
        s.recv(1_000)
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert {"serving", "draining", "stopped"} <= {line["message"] for line in lines}
    assert all({"ts", "level", "message"} <= set(line) for line in lines)
    assert "secret" not in server.log


@contextlib.contextmanager
def logging_into(write_end: int, *flags: str):
    """A server whose standard error is the given pipe."""
    address = f"127.0.0.1:{harness.free_port()}"
    process = subprocess.Popen(
        [str(harness.LARDER), "serve", "--listen", address, "--memory", "64MiB", *flags], stderr=write_end,
        env=harness.environment())
    try:
        until(lambda: harness.larder("health", "--addr", address).returncode == 0)
        yield process, address
    finally:
        process.kill()
        process.wait()


def until(holds) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def what_is_there(read_end: int) -> bytes:
    """Of a pipe that does not block."""
    found = b""
    with contextlib.suppress(BlockingIOError):
        while more := os.read(read_end, 65_536):
            found += more
    return found


def test_a_log_that_nobody_reads_holds_nobody_up(tmp_path):
    config = tmp_path / "larder.json"
    config.write_text('{"cache": {"max-entries": 1000}}')
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    with logging_into(write_end, "--config", str(config)) as (process, address):
        until(lambda: b"serving" in what_is_there(read_end))
        # Non-blocking for all who have this end: the server gets one of its own to wait at.
        filler = os.open(f"/proc/self/fd/{write_end}", os.O_WRONLY | os.O_NONBLOCK)
        for size in (4_096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(filler, b"." * size)
        for entries in (1001, 1002):
            config.write_text(json.dumps({"cache": {"max-entries": entries}}))
            process.send_signal(signal.SIGHUP)
            told = f"{entries}".encode()
            until(lambda: told in harness.larder("admin", "config", "--addr", address).stdout)
        assert set(what_is_there(read_end)) == {ord(".")}
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        first, *others = what_is_there(read_end).decode().splitlines()
        assert "lost_lines=" in first and not any("lost_lines" in line for line in others)
        assert "stopped" in others[-1]
    for end in (read_end, write_end, filler):
        os.close(end)


def test_lines_that_came_while_there_was_no_reader_are_counted(tmp_path):
    config, pipe = tmp_path / "larder.json", tmp_path / "log"
    config.write_text('{"cache": {"max-entries": 1000}}')
    os.mkfifo(pipe)
    read_end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_end = os.open(pipe, os.O_WRONLY)
    with logging_into(write_end, "--config", str(config)) as (process, address):
        until(lambda: b"serving" in what_is_there(read_end))
        os.close(read_end)
        for entries in (1001, 1002):
            config.write_text(json.dumps({"cache": {"max-entries": entries}}))
            process.send_signal(signal.SIGHUP)
            told = f"{entries}".encode()
            until(lambda: told in harness.larder("admin", "config", "--addr", address).stdout)
        read_end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        lost = [int(count) for count in re.findall(r"lost_lines=(\d+)", what_is_there(read_end).decode())]
        # A reload writes two lines; the second one of the last may have found the new reader.
        assert sum(lost) >= 3
    for end in (read_end, write_end):
        os.close(end)


def test_a_server_stops_although_its_log_is_full():
    read_end, write_end = os.pipe()
    filler = os.open(f"/proc/self/fd/{write_end}", os.O_WRONLY | os.O_NONBLOCK)
    with logging_into(write_end) as (process, _):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filler, b"." * 4_096)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    for end in (read_end, write_end, filler):
        os.close(end)


def test_a_log_whose_reader_has_gone_ends_nobody():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with logging_into(write_end, "--log-level", "trace") as (process, address):
        assert harness.larder("set", "key", "value", "--addr", address).returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    os.close(write_end)


def test_the_threads_asked_for_are_there(make_server):
    server = make_server("--threads", "3")
    named = {task.read_text().strip() for task in pathlib.Path(f"/proc/{server.pid}/task").glob("*/comm")}
    assert {"larder-0", "larder-1", "larder-2"} <= named


def test_the_entry_limit_holds(make_server):
    server = make_server("--max-entries", "100")
    lines = b"".join(b'{"key": "k-%d", "value": "v"}\n' % i for i in range(1_000))
    loaded = harness.larder("load", "-", "--format", "jsonl", "--no-progress", server=server, stdin=lines)
    assert loaded.returncode in (0, 1), loaded.stderr
    m = harness.messages()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        kept = sum(len(r.entries) for r in stub.Export(m.ExportRequest(metadata_only=True)))
    assert 50 <= kept <= 100


def test_the_binary_does_without_all_of_foundation():
    """Foundation and ICU are 6 MiB of resident memory in every process."""
    linked = subprocess.run(["ldd", str(harness.LARDER)], capture_output=True, text=True, timeout=30).stdout
    assert "libnghttp2" in linked
    assert "libFoundation.so" not in linked and "ICU" not in linked
