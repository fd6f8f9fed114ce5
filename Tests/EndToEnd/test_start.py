"""How the server starts, and what it writes while it runs."""

import json
import pathlib
import socket

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
