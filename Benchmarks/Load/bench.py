"""Larder beside its peers, each alone on one core, the load generator on another.

What counts is a ratio within one run: the server's CPU time per request, in rounds that take the
servers in turn, medians with the spread. Absolute figures belong to the machine they were taken on.

    make bench                                   # the short form, some minutes
    make bench ARGS="--only get,many --rounds 9 --seconds 3"

Sections: get (one at a time, by size and concurrency), mix (90 % Get), many (Pipeline, BatchGet),
tls, threads (one and two of them), rate (latency at a fixed rate, counted from the moment a request
was due), bulk, memory, start (what a server takes that nobody asks).
"""

import argparse
import contextlib
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from report import bars, spread, table
from servers import BUILT, ROOT, Kind, Server, cpu_nanos, free_port, kinds, resident_bytes, running, secured_kinds

PLOTS = ROOT / "docs" / "benchmarks"

# Value, its bytes, keys, connections, streams on each.
GETS = [
    ("100", 100, 1000, 64, 32), ("100", 100, 1000, 1, 100), ("100", 100, 1000, 16, 1),
    ("4k", 4 << 10, 1000, 64, 32), ("64k", 64 << 10, 1000, 64, 32), ("1m", 1 << 20, 64, 16, 1),
]

IDLE_SECONDS = 3


def measured(servers: list[Server], rounds: int, column: str, *flags: str) -> dict[str, list[float]]:
    """`column` of every round by the server's name; the first round warms up and is left out."""
    found: dict[str, list[float]] = {server.kind.name: [] for server in servers}
    for round_ in range(rounds + 1):
        for server in servers:
            value = float(server.load(*flags)[column])
            if round_ > 0:
                found[server.kind.name].append(value)
    return found


def with_ratios(found: dict[str, list[float]]) -> list[str]:
    """A cell for each server: the median, the spread, and how it stands to Larder's in the same rounds."""
    cells = []
    for name, values in found.items():
        ratio = statistics.median(v / mine for v, mine in zip(values, found["larder"]))
        cells.append(spread(values) + ("" if name == "larder" else f", x {ratio:.2f}"))
    return cells


def started(stack, all_kinds: list[Kind], value: str, value_bytes: int, keys: int, threads: int = 1) -> list[Server]:
    return [stack.enter_context(Server(kind, value, keys, value_bytes, threads)) for kind in all_kinds]


def costs(
    all_kinds: list[Kind], options: argparse.Namespace, value: str, value_bytes: int, keys: int, connections: int,
    streams: int, *flags: str) -> dict[str, list[float]]:
    """Server CPU, microseconds a request, of servers that are started and filled for it, by their names."""
    with contextlib.ExitStack() as stack:
        return measured(
            started(stack, all_kinds, value, value_bytes, keys), options.rounds, "srv_us", "-c", str(connections),
            "-s", str(streams), *flags, "-d", str(options.seconds), "-w", "0.2")


def gets(all_kinds: list[Kind], options: argparse.Namespace) -> None:
    rows, groups = [], {}
    for value, value_bytes, keys, connections, streams in GETS:
        found = costs(all_kinds, options, value, value_bytes, keys, connections, streams)
        profile = f"{value} bytes, {connections} x {streams}"
        rows.append([profile, *with_ratios(found)])
        groups[profile] = {name: statistics.median(values) for name, values in found.items()}
    unit = "server CPU, microseconds per request"
    table(f"Get: {unit} (x: of Larder's)", ["value, connections x streams", *(k.name for k in all_kinds)], rows)
    bars(PLOTS / "get.svg", "One Get at a time", unit, groups)


def mix(all_kinds: list[Kind], options: argparse.Namespace) -> None:
    all_kinds = [kind for kind in all_kinds if not kind.is_filled]
    rows = []
    for value, value_bytes, keys in (("100", 100, 10_000), ("4k", 4 << 10, 10_000)):
        found = costs(all_kinds, options, value, value_bytes, keys, 64, 32, "-g", "90", "-z", "0.99")
        rows.append([f"{value} bytes, 64 x 32", *with_ratios(found)])
    table(
        "90 % Get, 10 % Set, Zipf 0.99: server CPU, microseconds per request (x: of Larder's)",
        ["value, connections x streams", *(k.name for k in all_kinds)], rows)


def many(all_kinds: list[Kind], options: argparse.Namespace) -> None:
    wanted = [kind for kind in all_kinds if kind.name in ("larder", "Redis", "Valkey", "memcached")]
    timing = ["-d", str(options.seconds), "-w", "0.2", "-c", "16"]
    forms = {
        "Pipeline, 10 a message": ("larder", [*timing, "-s", "4", "-O", "10"]),
        "BatchGet of 100": ("larder", [*timing, "-s", "4", "-B", "100"]),
        "Redis, 32 in flight": ("Redis", [*timing, "-s", "32"]),
        "Valkey, 32 in flight": ("Valkey", [*timing, "-s", "32"]),
        "memcached, 32 in flight": ("memcached", [*timing, "-s", "32"]),
    }
    with contextlib.ExitStack() as stack:
        servers = {s.kind.name: s for s in started(stack, wanted, "100", 100, 10_000)}
        forms = {form: how for form, how in forms.items() if how[0] in servers}
        found: dict[str, list[float]] = {form: [] for form in forms}
        for round_ in range(options.rounds + 1):
            for form, (name, flags) in forms.items():
                value = float(servers[name].load(*flags)["srv_us"])
                if round_ > 0:
                    found[form].append(value)
    unit = "server CPU, microseconds per Get of 100 bytes"
    table(f"Many at once: {unit}", list(found), [[spread(values) for values in found.values()]])
    bars(
        PLOTS / "many.svg", "Many Gets at once", unit,
        {"16 connections": {form: statistics.median(values) for form, values in found.items()}})


def tls(larder: str, options: argparse.Namespace) -> None:
    all_kinds = secured_kinds(larder)
    rows = []
    for value, value_bytes, keys, connections, streams in GETS:
        found = costs(all_kinds, options, value, value_bytes, keys, connections, streams)
        rows.append([f"{value} bytes, {connections} x {streams}", *with_ratios(found)])
    table(
        "Get over TLS 1.3: server CPU, microseconds per request (x: of Larder's)",
        ["value, connections x streams", *(k.name for k in all_kinds)], rows)


def threads(all_kinds: list[Kind], options: argparse.Namespace) -> None:
    rows = []
    for kind in all_kinds:
        if "{threads}" not in kind.arguments:
            continue
        for count in (1, 2):
            with Server(kind, "100", 10_000, 100, count) as server:
                lines = [
                    server.load("-c", "64", "-s", "32", "-t", str(count), "-d", str(options.seconds), "-w", "0.2")
                    for _ in range(options.rounds + 1)][1:]
            thousands = [float(line["req/s"]) / 1e3 for line in lines]
            rows.append([
                f"{kind.name}, {count}", spread([float(line["srv_us"]) for line in lines]), spread(thousands, 0)])
    table(
        "Get of 100 bytes, 64 x 32, by server threads (and as many of the load generator; with two of each they "
        "share two cores unless there are four)",
        ["server, threads", "server CPU, microseconds per request", "thousand requests/s"], rows)


def rate(all_kinds: list[Kind], options: argparse.Namespace) -> None:
    all_kinds = [kind for kind in all_kinds if not kind.is_filled]
    rows = []
    with contextlib.ExitStack() as stack:
        for server in started(stack, all_kinds, "100", 100, 10_000):
            quantiles: dict[str, list[float]] = {"p50_us": [], "p99_us": [], "p99.9_us": []}
            for round_ in range(options.rounds + 1):
                line = server.load(
                    "-c", "16", "-s", "32", "-g", "90", "-r", "10000", "-P", "-d", str(2 * options.seconds), "-w", "0.3")
                if round_ > 0:
                    for name, values in quantiles.items():
                        values.append(float(line[name]))
            rows.append([server.kind.name, *(spread(values, 0) for values in quantiles.values())])
    table(
        "10,000 requests a second at random moments, 90 % Get, 100 bytes, 16 connections: microseconds from the "
        "moment a request was due", ["", "p50", "p99", "p99.9"], rows)


def bulk(larder: str, options: argparse.Namespace) -> None:
    items, key_bytes, value_bytes = options.items, 16, 100
    loads, exports = [], []
    with tempfile.TemporaryDirectory() as scratch:
        data = pathlib.Path(scratch) / "items.tsv"
        with data.open("w") as out:
            out.write("key\tvalue\n")
            for i in range(items):
                out.write(f"key-{i:012d}\t{i % 1000:0100d}\n")
        for _ in range(options.rounds):
            port = free_port()
            server = [larder, "serve", "--listen", f"127.0.0.1:{port}", "--threads", "1", "--memory", "1GiB"]
            with running(server, port) as ours:
                resident = resident_bytes(ours.pid)
                loads.append(timed(ours, items, [larder, "load", str(data), "--no-progress"], port))
                grown = resident_bytes(ours.pid) - resident
                loads[-1].append(grown / items - key_bytes - value_bytes)
                exports.append(timed(ours, items, [larder, "export", "-o", "/dev/null", "--no-progress"], port))
    columns = ["thousand items/s", "server CPU, microseconds an item", "resident bytes an item beyond key and value"]
    rows = [["BulkLoad", *(spread(list(c)) for c in zip(*loads))]]
    rows.append(["Export", *(spread(list(c)) for c in zip(*exports)), ""])
    table(f"{items:,} items of {value_bytes} bytes on one stream", ["", *columns], rows)


def timed(server: subprocess.Popen, items: int, command: list[str], port: int) -> list[float]:
    """Thousands of items a second and CPU microseconds an item of a client's command."""
    cpu, began = cpu_nanos(server.pid), time.monotonic()
    subprocess.run(
        ["taskset", "-c", "1", *command, "--addr", f"127.0.0.1:{port}"], check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    return [items / seconds / 1e3, (cpu_nanos(server.pid) - cpu) / items / 1e3]


def memory(all_kinds: list[Kind], options: argparse.Namespace) -> None:
    shapes = [
        ("1,000,000 x 100 bytes", "100", 1_000_000), ("100,000 x 4 KiB", "4k", 100_000),
        ("100,000 x 64 bytes to 64 KiB", "64:64k", 100_000),
    ]
    rows = []
    for kind in all_kinds:
        if kind.is_filled:
            continue
        cells = []
        for _, value, keys in shapes:
            with Server(kind, value, keys, 100) as server:
                grown = resident_bytes(server.process.pid) - server.resident_at_start
                held = keys * 16 + keys * mean_bytes(value, keys)
            cells.append(f"{(grown - held) / keys:.0f}")
        rows.append([kind.name, *cells])
    table("Resident bytes an item beyond key and value", ["", *(name for name, _, _ in shapes)], rows)


def mean_bytes(value: str, keys: int) -> float:
    """What the load generator's values of this option are long, on average."""
    out = subprocess.run(
        [str(BUILT / "loader"), "-k", str(keys), "-v", value, "-M"], capture_output=True, text=True, check=True)
    return float(out.stdout)


def start(all_kinds: list[Kind], options: argparse.Namespace) -> None:
    rows = []
    for kind in all_kinds:
        millis = []
        for _ in range(options.rounds):
            port = free_port()
            began = time.monotonic()
            with running(kind.command(port, 100, 1), port) as process:
                millis.append((time.monotonic() - began) * 1e3)
                time.sleep(1.5)
                cpu = cpu_nanos(process.pid)
                time.sleep(IDLE_SECONDS)
                idle = (cpu_nanos(process.pid) - cpu) / IDLE_SECONDS / 1e6
                resident = resident_bytes(process.pid)
        size = pathlib.Path(kind.binary).stat().st_size
        rows.append([kind.name, spread(millis, 0), f"{resident / 2**20:.1f}", f"{idle:.3f}", f"{size / 2**20:.1f}"])
    table(
        "At rest", ["", "start to the first connection, ms", "resident MiB", "CPU ms a second", "binary MiB"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--larder", default=str(ROOT / ".build/release/larder"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of each measurement")
    parser.add_argument("--items", type=int, default=1_000_000, help="of the bulk load")
    parser.add_argument("--only", default="get,mix,many,tls,threads,rate,bulk,memory,start", help="sections")
    options = parser.parse_args()
    subprocess.run(["make", "-s", "-C", str(pathlib.Path(__file__).parent)], check=True)
    all_kinds = kinds(options.larder)
    print(
        f"server on core 0, load on core 1 of {os.cpu_count()} ({platform.machine()}, Linux {platform.release()}); "
        f"medians of {options.rounds} (lowest to highest)")
    for kind in all_kinds:
        print(f"- {kind.name}: `{' '.join([pathlib.Path(kind.binary).name, *kind.arguments])}`")
    sections = {
        "get": lambda: gets(all_kinds, options), "mix": lambda: mix(all_kinds, options),
        "many": lambda: many(all_kinds, options), "tls": lambda: tls(options.larder, options),
        "threads": lambda: threads(all_kinds, options), "rate": lambda: rate(all_kinds, options),
        "bulk": lambda: bulk(options.larder, options), "memory": lambda: memory(all_kinds, options),
        "start": lambda: start(all_kinds, options),
    }
    for name in options.only.split(","):
        if name not in sections:
            raise SystemExit(f"no section {name}: there are {', '.join(sections)}")
        sections[name]()


if __name__ == "__main__":
    sys.exit(main())
