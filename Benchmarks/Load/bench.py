"""Larder beside its peers, each alone on one core, the load generator on another.

What counts is a ratio within one run: the server's CPU time per request, in rounds that take the
servers in turn, medians with the spread. Absolute figures belong to the machine they were taken on.

    make bench                                   # all of it, some minutes
    make bench ARGS="--only get,many --rounds 9 --seconds 3"
    make bench ARGS=--write                      # and puts the tables into README.md and docs/benchmarks.md

Sections: process (the cache without a server), get (one at a time, by size and concurrency),
deadlines (Gets with one that differs each time), mix (90 % Get), many (Pipeline, BatchGet), tls,
threads (one and two of them), rate (latency at a fixed rate, counted from the moment a request was
due), bulk, memory, start (what a server takes that nobody asks). Only where it is asked for: matrix
(get and mix at every size and concurrency, some twenty minutes).
"""

import argparse
import contextlib
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import servers
from report import Cell, Report, bars, figure
from servers import (
    BUILT, ROOT, Kind, Server, cpu_nanos, free_port, kinds, resident_bytes, running, secured_kinds, stolen_ticks)

PLOTS = ROOT / "docs" / "benchmarks"

# Value, its bytes, keys, connections, streams on each.
GETS = [
    ("100", 100, 1000, 64, 32), ("100", 100, 1000, 1, 100), ("100", 100, 1000, 16, 1),
    ("4k", 4 << 10, 1000, 64, 32), ("64k", 64 << 10, 1000, 64, 32), ("1m", 1 << 20, 64, 16, 1),
]

# The same of every size, and every number of connections and streams.
SIZES = [("100", 100, 1000), ("4k", 4 << 10, 1000), ("64k", 64 << 10, 1000), ("1m", 1 << 20, 64)]
CONCURRENCIES = [(1, 1), (16, 1), (1, 100), (64, 32)]
# More bytes than these do not arrive in a round.
IN_FLIGHT_BYTES_MAX = 256 << 20

IDLE_SECONDS = 3
# Of a measurement whose processors the host keeps taking away.
TRIES_MAX = 4
# Between a load and a look at resident memory, in which every server may give back what it does not need.
SETTLING_SECONDS = 1
DOCUMENTS = [ROOT / "README.md", ROOT / "docs/benchmarks.md"]


def measured(all_servers: list[Server], rounds: int, column: str, *flags: str) -> dict[str, list[float]]:
    """`column` of every round by the server's name; the first round warms up and is left out."""
    found: dict[str, list[float]] = {server.kind.name: [] for server in all_servers}
    for round_ in range(rounds + 1):
        for server in all_servers:
            value = float(server.load(*flags)[column])
            if round_ > 0:
                found[server.kind.name].append(value)
    return found


def with_ratios(found: dict[str, list[float]]) -> list[Cell]:
    """A cell for each server, and how it stands to Larder's in the same rounds."""
    return [
        Cell(values, None if name == "larder" else statistics.median(v / mine for v, mine in zip(values, found["larder"])))
        for name, values in found.items()]


def started(stack, all_kinds: list[Kind], value: str, value_bytes: int, keys: int, threads: int = 1) -> list[Server]:
    return [stack.enter_context(Server(kind, value, keys, value_bytes, threads)) for kind in all_kinds]


def titles(all_kinds: list[Kind]) -> list[str]:
    return [kind.name.replace("larder", "Larder") for kind in all_kinds]


def costs(
    all_kinds: list[Kind], options: argparse.Namespace, value: str, value_bytes: int, keys: int, connections: int,
    streams: int, *flags: str) -> dict[str, list[float]]:
    """Server CPU, microseconds a request, of servers that are started and filled for it, by their names."""
    with contextlib.ExitStack() as stack:
        return measured(
            started(stack, all_kinds, value, value_bytes, keys), options.rounds, "srv_us", "-c", str(connections),
            "-s", str(streams), *flags, "-d", str(options.seconds), "-w", "0.2")


def profile(value: str, connections: int, streams: int) -> str:
    return f"{'100 bytes' if value == '100' else value.replace('k', ' KiB').replace('m', ' MiB')}, {connections} x {streams}"


def gets(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    rows, groups = [], {}
    for value, value_bytes, keys, connections, streams in GETS:
        found = costs(all_kinds, options, value, value_bytes, keys, connections, streams)
        name = profile(value, connections, streams)
        rows.append([name, *with_ratios(found)])
        groups[name] = {name: statistics.median(values) for name, values in found.items()}
    unit = "server CPU, microseconds per request"
    report.table("get", f"Get: {unit}", ["value, connections x streams", *titles(all_kinds)], rows)
    if options.write:
        bars(PLOTS / "get.svg", "One Get at a time", unit, groups)


def deadlines(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    wanted = [kind for kind in all_kinds if kind.name in ("larder", "C floor", "gRPC C++")]
    forms = {"no deadline": [], "not added to the table": ["-D", "literal"], "added to it": ["-D", "indexed"]}
    rows = []
    for connections, streams in ((64, 32), (16, 1)):
        with contextlib.ExitStack() as stack:
            all_servers = started(stack, wanted, "100", 100, 1000)
            for form, flags in forms.items():
                found = measured(
                    all_servers, options.rounds, "srv_us", "-c", str(connections), "-s", str(streams), *flags,
                    "-d", str(options.seconds), "-w", "0.2")
                rows.append([f"{connections} x {streams}, {form}", *with_ratios(found)])
    report.table(
        "deadlines", "Get of 100 bytes with a grpc-timeout that differs each time: server CPU, microseconds per request",
        ["connections x streams, grpc-timeout", *titles(wanted)], rows)


def mix(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    all_kinds = [kind for kind in all_kinds if not kind.is_filled]
    rows = []
    for value, value_bytes, keys in (("100", 100, 10_000), ("4k", 4 << 10, 10_000)):
        found = costs(all_kinds, options, value, value_bytes, keys, 64, 32, "-g", "90", "-z", "0.99")
        rows.append([profile(value, 64, 32), *with_ratios(found)])
    report.table(
        "mix", "90 % Get, 10 % Set, Zipf 0.99: server CPU, microseconds per request",
        ["value, connections x streams", *titles(all_kinds)], rows)


def matrix(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    full = [kind for kind in all_kinds if not kind.is_filled]
    for name, title, wanted, flags in (
            ("gets", "Get", all_kinds, []), ("mixes", "90 % Get, 10 % Set, Zipf 0.99", full, ["-g", "90", "-z", "0.99"])):
        rows = []
        for value, value_bytes, keys in SIZES:
            for connections, streams in CONCURRENCIES:
                if value_bytes * connections * streams > IN_FLIGHT_BYTES_MAX:
                    continue
                found = costs(wanted, options, value, value_bytes, keys, connections, streams, *flags)
                rows.append([profile(value, connections, streams), *with_ratios(found)])
        report.table(
            name, f"{title}: server CPU, microseconds per request", ["value, connections x streams", *titles(wanted)], rows)


def many(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    wanted = [kind for kind in all_kinds if kind.name in ("larder", "Redis", "Valkey", "memcached")]
    timing = ["-d", str(options.seconds), "-w", "0.2", "-c", "16"]
    forms = {
        "Pipeline, 10 a message": ("larder", [*timing, "-s", "4", "-O", "10"]),
        "BatchGet of 100": ("larder", [*timing, "-s", "4", "-B", "100"]),
        "Redis, 32 in flight": ("Redis", [*timing, "-s", "32"]),
        "Valkey, 32 in flight": ("Valkey", [*timing, "-s", "32"]),
        "memcached, 32 in flight": ("memcached", [*timing, "-s", "32"]),
    }
    rows: list[list[str | Cell]] = []
    for keys in (10_000, 1_000_000):
        with contextlib.ExitStack() as stack:
            by_name = {s.kind.name: s for s in started(stack, wanted, "100", 100, keys)}
            forms = {form: how for form, how in forms.items() if how[0] in by_name}
            found: dict[str, list[float]] = {form: [] for form in forms}
            for round_ in range(options.rounds + 1):
                for form, (name, flags) in forms.items():
                    value = float(by_name[name].load(*flags)["srv_us"])
                    if round_ > 0:
                        found[form].append(value)
        rows.append([f"{keys:,}", *(Cell(values) for values in found.values())])
        if options.write and keys == 10_000:
            bars(
                PLOTS / "many.svg", "Many Gets at once", "server CPU, microseconds per Get of 100 bytes",
                {"16 connections": {form: statistics.median(values) for form, values in found.items()}})
    report.table(
        "many", "Many at once: server CPU, microseconds per Get of 100 bytes, 16 connections", ["keys", *forms], rows)


def process(larder: str, options: argparse.Namespace, report: Report) -> None:
    """What `make bench-micro` measures of the cache."""
    bench = pathlib.Path(larder).with_name("larder-microbench")
    out = subprocess.run(
        [*servers.SCHEDULING, str(bench), "get:", "set:"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(.+?) {2,}([\d.]+) (ns|x)(?: \((.+) to (.+)\))?$", out, re.MULTILINE)
    rows = [[name, f"{median} x" if unit == "x" else f"{median} ({least} to {most})"]
            for name, median, unit, least, most in found]
    report.table(
        "process", "The cache in process, 1,000,000 entries of 16 + 100 bytes: nanoseconds an operation",
        ["", "nanoseconds"], rows)


def tls(larder: str, options: argparse.Namespace, report: Report) -> None:
    all_kinds = secured_kinds(larder)
    rows = []
    for value, value_bytes, keys, connections, streams in GETS:
        found = costs(all_kinds, options, value, value_bytes, keys, connections, streams)
        rows.append([profile(value, connections, streams), *with_ratios(found)])
    report.table(
        "tls", "Get over TLS 1.3: server CPU, microseconds per request",
        ["value, connections x streams", *titles(all_kinds)], rows)


def threads(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    rows = []
    for kind in all_kinds:
        if "{threads}" not in kind.arguments:
            continue
        for count in (1, 2):
            with Server(kind, "100", 10_000, 100, count) as server:
                lines = [
                    server.load("-c", "64", "-s", "32", "-t", str(count), "-d", str(options.seconds), "-w", "0.2")
                    for _ in range(options.rounds + 1)][1:]
            rows.append([
                f"{titles([kind])[0]}, {count}", Cell([float(line["srv_us"]) for line in lines]),
                Cell([float(line["req/s"]) / 1e3 for line in lines])])
    report.table(
        "threads", "Get of 100 bytes, 64 x 32, by server threads (and as many of the load generator; with two of each "
        "they share two cores unless there are four)",
        ["server, threads", "server CPU, microseconds per request", "thousand requests/s"], rows)


def rate(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    all_kinds = [kind for kind in all_kinds if not kind.is_filled]
    quantiles = ["p50", "p99", "p99.9"]
    flags = ["-c", "16", "-s", "32", "-g", "90", "-r", "10000", "-P", "-d", str(2 * options.seconds), "-w", "0.3"]
    with contextlib.ExitStack() as stack:
        all_servers = started(stack, all_kinds, "100", 100, 10_000)
        found = {server.kind.name: ([[] for _ in quantiles], []) for server in all_servers}
        for round_ in range(options.rounds + 1):
            for server in all_servers:
                line, is_undisturbed = undisturbed(lambda: server.load(*flags))
                if round_ == 0:
                    continue
                latencies, undisturbed_rounds = found[server.kind.name]
                undisturbed_rounds.append(is_undisturbed)
                for quantile, values in zip(quantiles, latencies):
                    values.append(float(line[f"{quantile}_us"]))
    rows = [
        [title, *map(Cell, latencies), figure(min(latencies[1])), f"{sum(undisturbed_rounds)} of {options.rounds}"]
        for title, (latencies, undisturbed_rounds) in zip(titles(all_kinds), found.values())]
    report.table(
        "rate", "10,000 requests a second at random moments, 90 % Get, 100 bytes, 16 connections: microseconds from the "
        "moment a request was due", ["server", *quantiles, "p99, best round", "undisturbed rounds"], rows)


def undisturbed(measurement: Callable[[], dict[str, str]]) -> tuple[dict[str, str], bool]:
    """
    A measurement, made again while the host took the processors away meanwhile, and whether the last one had
    them to itself: 10 ms of somebody else are a hundred late requests, more than p99 leaves out of 8,000.
    """
    for _ in range(TRIES_MAX):
        before = stolen_ticks()
        line = measurement()
        if stolen_ticks() == before:
            return line, True
    return line, False


def bulk(larder: str, options: argparse.Namespace, report: Report) -> None:
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
                time.sleep(SETTLING_SECONDS)
                grown = resident_bytes(ours.pid) - resident
                loads[-1].append(grown / items - key_bytes - value_bytes)
                exports.append(timed(ours, items, [larder, "export", "-o", "/dev/null", "--no-progress"], port))
    columns = ["thousand items/s", "server CPU, microseconds an item", "resident bytes an item beyond key and value"]
    rows = [["BulkLoad", *(Cell(list(c)) for c in zip(*loads))]]
    rows.append(["Export", *(Cell(list(c)) for c in zip(*exports)), ""])
    report.table("bulk", f"{items:,} items of {key_bytes} + {value_bytes} bytes on one stream", ["", *columns], rows)


def timed(server: subprocess.Popen, items: int, command: list[str], port: int) -> list[float]:
    """Thousands of items a second and CPU microseconds an item of a client's command."""
    cpu, began = cpu_nanos(server.pid), time.monotonic()
    subprocess.run(
        [*servers.on_cores(servers.CLIENT_CORE), *command, "--addr", f"127.0.0.1:{port}"], check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    return [items / seconds / 1e3, (cpu_nanos(server.pid) - cpu) / items / 1e3]


def memory(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    shapes = [
        ("1,000,000 x 100 bytes", "100", 1_000_000), ("100,000 x 4 KiB", "4k", 100_000),
        ("100,000 x 64 bytes to 64 KiB", "64:64k", 100_000),
    ]
    rows: list[list[str | Cell]] = []
    for kind in all_kinds:
        if kind.is_filled:
            continue
        row: list[str | Cell] = [titles([kind])[0]]
        for _, value, keys in shapes:
            with Server(kind, value, keys, 100) as server:
                time.sleep(SETTLING_SECONDS)
                grown = resident_bytes(server.process.pid) - server.resident_at_start
                held = keys * 16 + keys * mean_bytes(value, keys)
            row.append(Cell([(grown - held) / keys]))
        rows.append(row)
    report.table("memory", "Resident bytes an item beyond key and value", ["", *(name for name, _, _ in shapes)], rows)


def mean_bytes(value: str, keys: int) -> float:
    """What the load generator's values of this option are long, on average."""
    out = subprocess.run(
        [str(BUILT / "loader"), "-k", str(keys), "-v", value, "-M"], capture_output=True, text=True, check=True)
    return float(out.stdout)


def start(all_kinds: list[Kind], options: argparse.Namespace, report: Report) -> None:
    rows = []
    for kind in all_kinds:
        millis = []
        for round_ in range(options.rounds):
            port = free_port()
            began = time.monotonic()
            with running(kind.command(port, 100, 1), port) as process:
                millis.append((time.monotonic() - began) * 1e3)
                if round_ == 0:
                    time.sleep(1.5)
                    cpu = cpu_nanos(process.pid)
                    time.sleep(IDLE_SECONDS)
                    idle = (cpu_nanos(process.pid) - cpu) / IDLE_SECONDS / 1e6
                    resident = resident_bytes(process.pid)
        size = pathlib.Path(kind.binary).resolve().stat().st_size
        rows.append([titles([kind])[0], Cell(millis), f"{resident / 2**20:.1f}", f"{idle:.2f}", f"{size / 2**20:.1f}"])
    report.table(
        "start", "At rest", ["", "start to the first connection, ms", "resident MiB", "CPU ms a second", "binary MiB"],
        rows)


def machine(all_kinds: list[Kind], options: argparse.Namespace) -> str:
    """What the figures are of and how they were taken, as a paragraph and a list."""
    model = next(
        (line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine())
    lines = [
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}; the server on core {servers.SERVER_CORE}, the load "
        f"generator on core {servers.CLIENT_CORE}{', both at real-time priority but for the latencies' if options.realtime else ''}. Medians of {options.rounds} rounds of {options.seconds} s, in brackets "
        "the lowest and the highest; x is how many times Larder's, the median over the rounds.", ""]
    for kind in all_kinds:
        command = " ".join([pathlib.Path(kind.binary).name, *(argument or "''" for argument in kind.arguments)])
        of = " (libnghttp2)" if kind.name == "C floor" else ""
        lines.append(f"- {titles([kind])[0]} {kind.version}{of}: `{command}`")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--larder", default=str(ROOT / ".build/release/larder"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.8, help="of each measurement")
    parser.add_argument("--items", type=int, default=1_000_000, help="of the bulk load")
    parser.add_argument("--only", default="rate,process,get,deadlines,mix,many,tls,threads,bulk,memory,start", help="sections")
    parser.add_argument("--write", action="store_true", help="put the tables into the documents, and draw the plots")
    parser.add_argument(
        "--realtime", action="store_true",
        help="keep the machine's other work out, but of rate: needs root, halts everything else")
    options = parser.parse_args()
    subprocess.run(["make", "-s", "-C", str(pathlib.Path(__file__).parent)], check=True)
    all_kinds = kinds(options.larder)
    report = Report(machine(all_kinds, options))
    sections = {
        "get": lambda: gets(all_kinds, options, report),
        "deadlines": lambda: deadlines(all_kinds, options, report), "mix": lambda: mix(all_kinds, options, report),
        "many": lambda: many(all_kinds, options, report), "tls": lambda: tls(options.larder, options, report),
        "threads": lambda: threads(all_kinds, options, report), "rate": lambda: rate(all_kinds, options, report),
        "bulk": lambda: bulk(options.larder, options, report), "memory": lambda: memory(all_kinds, options, report),
        "start": lambda: start(all_kinds, options, report),
        "process": lambda: process(options.larder, options, report), "matrix": lambda: matrix(all_kinds, options, report),
    }
    for name in options.only.split(","):
        if name not in sections:
            raise SystemExit(f"no section {name}: there are {', '.join(sections)}")
        # The kernel halts real-time tasks now and then, which latencies would show.
        servers.SCHEDULING[:] = ["chrt", "-r", "1"] if options.realtime and name != "rate" else []
        sections[name]()
    if options.write:
        for document in DOCUMENTS:
            report.write(document)


if __name__ == "__main__":
    sys.exit(main())
