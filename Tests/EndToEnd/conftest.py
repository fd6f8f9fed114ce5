"""What every end-to-end test stands on: the real binary, and clients generated from `proto/`."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import harness  # noqa: E402  (after the path is set)


@pytest.fixture(scope="session", autouse=True)
def generated():
    """The Python clients, generated from `proto/` once per run, for grpcio and for grpclib."""
    harness.generate_clients()


@pytest.fixture(scope="module")
def server():
    """One server with its default limits for all tests of a file."""
    with harness.Server() as running:
        yield running


@pytest.fixture
def stub(server):
    """A generated grpcio client of `server`."""
    with harness.channel(server) as channel:
        yield harness.cache_stub(channel)


@pytest.fixture
def make_server():
    """Starts servers with flags of the test's own; ends them all."""
    started = []

    def start(*flags: str, **options) -> harness.Server:
        running = harness.Server(*flags, **options)
        started.append(running)
        return running.__enter__()

    yield start
    for running in started:
        running.__exit__(None, None, None)
