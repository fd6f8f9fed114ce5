"""The examples run as they are, against a server of their own."""

import subprocess
import sys

import pytest

import harness


@pytest.mark.parametrize("example, said", [
    ("client.py", "hello for another"),
    ("cache_aside.py", "row of cache-aside:1"),
    ("bulk_load.py", "100000 taken, 100000 stored, 0 not admitted"),
])
def test_an_example_runs(make_server, example, said):
    server = make_server("--memory", "64MiB")
    ran = subprocess.run(
        [sys.executable, str(harness.ROOT / "examples/python" / example), server.address],
        capture_output=True, text=True, timeout=60, env=harness.environment(PYTHONPATH=str(harness.GENERATED)))
    assert ran.returncode == 0, ran.stderr
    assert said in ran.stdout
