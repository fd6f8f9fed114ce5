#!/usr/bin/env python3
"""Replays a folder of traces through `larder simulate` and, beside it, the policies of libcachesim.

    hitratio.py FOLDER [--sizes 0.001,0.01,0.05,0.1,0.2] [--miss-cost balanced] [--beside gdsf,s3fifo,...] [--out cells.csv]

FOLDER holds NAME.trace.zst: zstd of 16-byte records {u32 seconds, u64 key, u32 size}, little-endian. Prints the mean
reduction of the object and the byte miss ratio over LRU, over all cells and for each size, and the worst cell.
`--beside` needs `pip install libcachesim==0.3.5 numpy zstandard`.
"""

import argparse
import collections
import csv
import io
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARDER = pathlib.Path(os.environ.get("LARDER_BIN", ROOT / ".build/release/larder"))

Cells = dict[tuple[str, str, float], tuple[float, float]]


def replay(traces: list[pathlib.Path], sizes: list[float], miss_cost: str, shards: int, seed: int) -> Cells:
    """Every trace at every size through the cache and through LRU."""
    command = [
        str(LARDER), "simulate", *map(str, traces), "--budget", ",".join(f"{100 * size:g}%" for size in sizes),
        "--policy", "larder,lru", "--miss-cost", miss_cost, "--shards", str(shards), "--seed", str(seed), "-o", "csv",
    ]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {
        (row["trace"], row["policy"], float(row["frac_of_unique_bytes"])):
            (float(row["object_miss_ratio"]), float(row["byte_miss_ratio"]))
        for row in csv.DictReader(io.StringIO(output))
    }


def replays(traces: list[pathlib.Path], options: argparse.Namespace, sizes: list[float]) -> Cells:
    """The mean of each cell over hashes of several seeds: one run has luck in it."""
    runs = [replay(traces, sizes, options.miss_cost, options.shards, seed) for seed in range(1, options.seeds + 1)]
    for number, cells in enumerate(runs, 1):
        means = [mean(1 - cells[(t, "larder", s)][i] / cells[(t, "lru", s)][i] for t, p, s in cells if p == "larder") for i in (0, 1)]
        print(f"seed {number}: {100 * means[0]:.2f} / {100 * means[1]:+.2f}", file=sys.stderr)
    return {cell: tuple(mean(run[cell][i] for run in runs) for i in (0, 1)) for cell in runs[0]}


def beside(traces: list[pathlib.Path], sizes: list[float], names: list[str]) -> Cells:
    """The same cells through policies of libcachesim."""
    import libcachesim
    import numpy
    import zstandard

    ours = numpy.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4")])
    theirs = numpy.dtype([*ours.descr, ("next", "<i8")])
    policies = {"gdsf": "GDSF", "s3fifo": "S3FIFO", "sieve": "Sieve", "lhd": "LHD", "arc": "ARC", "slru": "SLRU"}
    cells: Cells = {}
    for path in traces:
        packed = zstandard.ZstdDecompressor().stream_reader(path.open("rb")).read()
        records = numpy.frombuffer(packed, dtype=ours)
        wide = numpy.zeros(len(records), theirs)
        for field in ours.names:
            wide[field] = records[field]
        wide["next"] = -1
        unique = int(records["size"][numpy.unique(records["key"], return_index=True)[1]].sum())
        with tempfile.NamedTemporaryFile(suffix=".oracleGeneral.bin") as file:
            file.write(wide.tobytes())
            file.flush()
            for name in names:
                for size in sizes:
                    reader = libcachesim.TraceReader(
                        trace=file.name, trace_type=libcachesim.TraceType.ORACLE_GENERAL_TRACE)
                    cache = getattr(libcachesim, policies[name])(cache_size=max(1, int(size * unique)))
                    cells[(path.name.split(".")[0], name, size)] = tuple(map(float, cache.process_trace(reader)))
    return cells


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def print_table(cells: Cells, sizes: list[float]) -> None:
    reductions = collections.defaultdict(dict)
    for (trace, policy, size), ratios in cells.items():
        baseline = cells[(trace, "lru", size)]
        reductions[policy][(trace, size)] = tuple(100 * (1 - ratios[i] / baseline[i]) for i in (0, 1))
    print("| policy | all sizes: objects / bytes % | " + " | ".join(f"{100 * s:g} %" for s in sizes) + " | worst cell, objects |")
    print("|---" * (len(sizes) + 3) + "|")
    for policy, of in sorted(reductions.items(), key=lambda item: -mean(o for o, _ in item[1].values())):
        columns = [f"{mean(o for o, _ in of.values()):.2f} / {mean(b for _, b in of.values()):+.2f}"]
        for size in sizes:
            here = [value for (_, s), value in of.items() if s == size]
            columns.append(f"{mean(o for o, _ in here):.1f} / {mean(b for _, b in here):+.1f}")
        (trace, size), (worst, _) = min(of.items(), key=lambda item: item[1][0])
        print(f"| {policy} | " + " | ".join(columns) + f" | {worst:.1f} ({trace}, {100 * size:g} %) |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--sizes", default="0.001,0.01,0.05,0.1,0.2")
    parser.add_argument("--miss-cost", default="balanced")
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=1, help="hashes to take the mean over")
    parser.add_argument("--beside", default="")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    sizes = [float(size) for size in arguments.sizes.split(",")]
    traces = sorted(arguments.folder.glob("*.trace.zst"))
    if not traces:
        print(f"no NAME.trace.zst in {arguments.folder}", file=sys.stderr)
        return 66
    cells = replays(traces, arguments, sizes)
    if arguments.beside:
        cells |= beside(traces, sizes, arguments.beside.split(","))
    if arguments.out:
        with arguments.out.open("w") as file:
            file.write("trace,policy,frac_of_unique_bytes,object_miss_ratio,byte_miss_ratio\n")
            for (trace, policy, size), (objects, byte_ratio) in sorted(cells.items()):
                file.write(f"{trace},{policy},{size:g},{objects:.6f},{byte_ratio:.6f}\n")
    print_table(cells, sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
