"""Loads that are killed, and servers that are: what was acknowledged is there, the rest can follow."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time

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
