"""A short measurement of the server beside nghttpd, in minutes.

What counts is a ratio within one run: server CPU time per request (the sum of every thread's run
time in /proc), medians of several rounds taken in turn, with the spread. Absolute figures belong to
the machine they were taken on.

    make bench                      # everything, 5 rounds
    make bench ARGS="--rounds 9 --requests 400000"
"""

import argparse
import contextlib
import glob
import os
import pathlib
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
GET = "/larder.v1.CacheService/Get"
PROFILES = [(64, 32), (1, 100), (16, 1)]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_nanos(pid: int) -> int:
    return sum(int(pathlib.Path(f).read_text().split()[0]) for f in glob.glob(f"/proc/{pid}/task/*/schedstat"))


def resident_bytes(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise SystemExit(f"{process.args[0]} does not listen")


@contextlib.contextmanager
def running(arguments: list[str], port: int, core: int):
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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


def varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def h2load(core: int, url: str, requests: int, clients: int, streams: int, body: str | None) -> None:
    command = ["taskset", "-c", str(core), "h2load", "-n", str(requests), "-c", str(clients), "-m", str(streams)]
    if body:
        command += ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"]
    out = subprocess.run([*command, url], capture_output=True, text=True, timeout=300)
    if f"{requests} succeeded" not in out.stdout:
        raise SystemExit(f"h2load against {url}:\n{out.stdout}{out.stderr}")


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    print(f"\n### {title}\n\n| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def unary_gets(larder: str, options: argparse.Namespace, scratch: pathlib.Path) -> None:
    port, file_port = free_port(), free_port()
    (scratch / "value").write_bytes(b"v" * 100)
    request = field(1, b"benchmark-key-01")
    (scratch / "request").write_bytes(struct.pack(">BI", 0, len(request)) + request)
    server = [larder, "serve", "--listen", f"127.0.0.1:{port}", "--threads", "1", "--memory", "256MiB"]
    files = ["nghttpd", "--no-tls", "-d", str(scratch), "-a", "127.0.0.1", str(file_port)]
    rows = []
    with running(server, port, 0) as ours, running(files, file_port, 0) as floor:
        subprocess.run(
            [larder, "set", "benchmark-key-01", "v" * 100, "--addr", f"127.0.0.1:{port}"],
            check=True, stdout=subprocess.DEVNULL)
        for clients, streams in PROFILES:
            mine, theirs, ratios = [], [], []
            for round_ in range(options.rounds + 1):
                before = cpu_nanos(ours.pid)
                h2load(1, f"http://127.0.0.1:{port}{GET}", options.requests, clients, streams, str(scratch / "request"))
                a = (cpu_nanos(ours.pid) - before) / options.requests / 1e3
                before = cpu_nanos(floor.pid)
                h2load(1, f"http://127.0.0.1:{file_port}/value", options.requests, clients, streams, None)
                b = (cpu_nanos(floor.pid) - before) / options.requests / 1e3
                if round_ > 0:  # the first round warms both up
                    mine.append(a)
                    theirs.append(b)
                    ratios.append(a / b)
            rows.append([f"{clients} x {streams}", spread(mine), spread(theirs), spread(ratios)])
    table(
        "Unary Get of 100 bytes: server CPU, microseconds per request",
        ["connections x streams", "larder", "nghttpd, a file of 100 bytes", "ratio"], rows)


def bulk_load(larder: str, options: argparse.Namespace, scratch: pathlib.Path) -> None:
    items, key_bytes, value_bytes = options.items, 16, 100
    data = scratch / "items.tsv"
    with data.open("w") as out:
        out.write("key\tvalue\n")
        for i in range(items):
            out.write(f"key-{i:012d}\t{i % 1000:0100d}\n")
    rows = []
    for _ in range(options.rounds):
        port = free_port()
        server = [larder, "serve", "--listen", f"127.0.0.1:{port}", "--threads", "1", "--memory", "1GiB"]
        with running(server, port, 0) as ours:
            resident, cpu, began = resident_bytes(ours.pid), cpu_nanos(ours.pid), time.monotonic()
            subprocess.run(
                ["taskset", "-c", "1", larder, "load", str(data), "--no-progress", "--addr", f"127.0.0.1:{port}"],
                check=True, stdout=subprocess.DEVNULL)
            seconds = time.monotonic() - began
            cpu = cpu_nanos(ours.pid) - cpu
            grown = resident_bytes(ours.pid) - resident
            rows.append((items / seconds / 1e3, cpu / items / 1e3, grown / items - key_bytes - value_bytes, grown / 2**20))
    column = [[row[i] for row in rows] for i in range(4)]
    table(
        f"Bulk load of {items:,} items of {value_bytes} bytes on one stream",
        ["thousand items/s", "server CPU, microseconds an item", "resident bytes an item beyond key and value",
         "resident growth MiB (keys and values are " f"{items * (key_bytes + value_bytes) / 2**20:.0f})"],
        [[spread(c) for c in column]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--larder", default=str(ROOT / ".build/release/larder"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=1_000_000)
    options = parser.parse_args()
    if not shutil.which("h2load") or not shutil.which("nghttpd"):
        raise SystemExit("h2load and nghttpd are missing: apt-get install nghttp2-client nghttp2-server")
    print(f"server on core 0, client on core 1 of {os.cpu_count()}; medians of {options.rounds} (lowest to highest)")
    with tempfile.TemporaryDirectory() as scratch:
        unary_gets(options.larder, options, pathlib.Path(scratch))
        bulk_load(options.larder, options, pathlib.Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
