"""The examples run as they are, against a server of their own."""

import subprocess
import sys

import pytest

import harness

IN_PROCESS = harness.ROOT / ".build/debug/in-process-example"


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


def test_the_cache_runs_in_process():
    ran = subprocess.run([IN_PROCESS], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    stored, read, copied, held = ran.stdout.splitlines()
    assert stored.startswith("stored as version ")
    assert read.startswith("3 bytes of version ")
    assert copied == "Ada [65, 100, 97]"
    assert " of 64 MiB, " in held and held.endswith("20003 hits")


def test_the_page_of_the_library_shows_code_that_runs():
    page = (harness.ROOT / "Sources/LarderCache/LarderCache.docc/LarderCache.md").read_text()
    shown = [part.split("```")[0] for part in page.split("```swift\n")[1:]]
    assert len(shown) == 2
    assert (harness.ROOT / "examples/swift/main.swift").read_text().startswith("\n".join(shown))
