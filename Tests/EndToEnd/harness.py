"""Starts the server under test, generates the clients, and reads what the system says of a process."""

import contextlib
import importlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARDER = pathlib.Path(os.environ.get("LARDER_BIN", ROOT / ".build/release/larder"))
GENERATED = pathlib.Path(__file__).parent / "generated"
GRPCURL = pathlib.Path(sys.executable).parent / "grpcurl"


def generate_clients() -> None:
    """Runs protoc over `proto/`, as a user would, into a folder that is not committed."""
    GENERATED.mkdir(exist_ok=True)
    protos = [str(p) for p in sorted((ROOT / "proto" / "larder").rglob("*.proto"))]
    subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={GENERATED}",
            f"--grpc_python_out={GENERATED}", f"--grpclib_python_out={GENERATED}", *protos,
        ],
        check=True,
        env={**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    generated()


def generated() -> None:
    """Makes the generated clients importable; `generate_clients` has made them before."""
    if str(GENERATED) not in sys.path:
        sys.path.insert(0, str(GENERATED))
    importlib.invalidate_caches()


def messages():
    """The generated messages of `cache.proto`."""
    return importlib.import_module("larder.v1.cache_pb2")


def cache_stub(channel: grpc.Channel):
    return importlib.import_module("larder.v1.cache_pb2_grpc").CacheServiceStub(channel)


def admin_stub(channel: grpc.Channel):
    return importlib.import_module("larder.v1.admin_pb2_grpc").AdminServiceStub(channel)


def channel(server: "Server", **options) -> grpc.Channel:
    options = {"grpc.max_receive_message_length": 64 << 20, "grpc.max_send_message_length": 64 << 20, **options}
    return grpc.insecure_channel(server.address, options=list(options.items()))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def environment(**more: str) -> dict[str, str]:
    """The environment without any LARDER_ variable of the person who runs the tests."""
    return {k: v for k, v in os.environ.items() if not k.startswith("LARDER_")} | more


def resident_bytes(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has no VmRSS")


class Server:
    """`larder serve` on a free port of the loopback; its log is kept for the assertions."""

    def __init__(self, *flags: str, port: int | None = None, env: dict[str, str] | None = None):
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.flags = flags
        self.env = env or {}
        self.process: subprocess.Popen | None = None
        self.log_file = tempfile.TemporaryFile()
        self.was_killed = False

    def command(self) -> list[str]:
        return [str(LARDER), "serve", "--listen", self.address, *self.flags]

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=self.log_file, env=environment(**self.env))
        for _ in range(400):
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.log}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return self
            time.sleep(0.025)
        raise RuntimeError("the server does not listen")

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        """What the server has written to its standard error."""
        self.log_file.seek(0)
        return self.log_file.read().decode(errors="replace")

    def stop(self, timeout: float = 20) -> int:
        """SIGTERM, then the exit code; kills what does not end in time, which is a failure of its own."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end within {timeout} s of SIGTERM:\n{self.log}") from None

    def kill(self) -> None:
        """SIGKILL: what a crash or the kernel would do."""
        self.process.kill()
        self.process.wait()
        self.was_killed = True

    def __exit__(self, *exception) -> None:
        if self.was_killed:
            return
        code = self.stop()
        if exception[0] is None and code != 0:
            raise AssertionError(f"the server ended with {code}:\n{self.log}")


def larder(*arguments: str, server: Server | None = None, stdin: bytes | None = None, timeout: float = 60):
    """Runs the command line client; output and exit code as they are."""
    env = environment(LARDER_ADDR=server.address) if server else environment()
    return subprocess.run([str(LARDER), *arguments], input=stdin, capture_output=True, env=env, timeout=timeout)


def grpcurl(server: Server, *arguments: str, data: str | None = None, timeout: float = 30) -> subprocess.CompletedProcess:
    """grpcurl with nothing but the address: what it knows comes from reflection."""
    command = [str(GRPCURL), "-plaintext"]
    if data is not None:
        command += ["-d", data]
    return subprocess.run([*command, *split_target(server, arguments)], capture_output=True, text=True, timeout=timeout)


def split_target(server: Server, arguments: tuple[str, ...]) -> list[str]:
    """grpcurl wants flags, then the address, then the verb or method."""
    flags = [a for a in arguments if a.startswith("-")]
    return [*flags, server.address, *[a for a in arguments if not a.startswith("-")]]


def error_info(error: grpc.RpcError):
    """The google.rpc.ErrorInfo that every refusal of Larder carries."""
    from google.rpc import error_details_pb2, status_pb2

    raw = next(v for k, v in error.trailing_metadata() if k == "grpc-status-details-bin")
    status = status_pb2.Status.FromString(raw)
    assert status.code == error.code().value[0] and status.message == error.details()
    info = error_details_pb2.ErrorInfo()
    assert len(status.details) == 1 and status.details[0].Unpack(info)
    return info
