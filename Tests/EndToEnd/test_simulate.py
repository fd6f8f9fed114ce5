"""`larder simulate`: every format read, bad traces refused, the figures right."""

import csv
import io
import json
import random
import struct

import pytest
import zstandard

import harness

HEADER = "trace,policy,frac_of_unique_bytes,object_miss_ratio,byte_miss_ratio,ns_per_access"


def requests(seed: int = 1, count: int = 4_000, keys: int = 300) -> list[tuple[int, int, int]]:
    """A skewed stream with sizes that belong to the keys."""
    generator = random.Random(seed)
    sizes = [generator.randint(1, 2_000) for _ in range(keys)]
    drawn = (int(keys * generator.random() ** 3) for _ in range(count))
    return [(time, key, sizes[key]) for time, key in enumerate(drawn)]


def records(trace) -> bytes:
    return b"".join(struct.pack("<IQI", *request) for request in trace)


def oracle(trace) -> bytes:
    return b"".join(struct.pack("<IQIq", *request, -1) for request in trace)


def lines(trace, names: str = "") -> bytes:
    return (names + "".join(f"{time},{key},{size}\n" for time, key, size in trace)).encode()


def simulate(*arguments: str):
    return harness.larder("simulate", *arguments)


def table(*arguments: str) -> list[dict[str, str]]:
    done = simulate(*arguments, "-o", "csv")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert text.splitlines()[0] == HEADER
    return list(csv.DictReader(io.StringIO(text)))


def lru(trace, budget: int) -> tuple[float, float]:
    """The miss ratios of an LRU of so many bytes, the plain way."""
    held: dict[int, int] = {}
    used = misses = missed_bytes = 0
    for _, key, size in trace:
        if key in held:
            held[key] = held.pop(key)
            continue
        misses += 1
        missed_bytes += size
        if size > budget:
            continue
        while used + size > budget:
            used -= held.pop(next(iter(held)))
        held[key] = size
        used += size
    return misses / len(trace), missed_bytes / sum(size for _, _, size in trace)


def test_every_format_gives_the_same_figures(tmp_path):
    trace = requests()
    packed = zstandard.ZstdCompressor().compress
    files = {
        "a.trace": records(trace),
        "b.trace.zst": packed(records(trace)),
        "c.oracleGeneral.bin": oracle(trace),
        "d.oracleGeneral.zst": packed(oracle(trace)),
        "e.csv": lines(trace),
        "f.csv.zst": packed(lines(trace, names="time,key,size\n")),
        "g.csv": lines(trace).replace(b"\n", b"\r\n"),
    }
    for name, contents in files.items():
        (tmp_path / name).write_bytes(contents)
    rows = table(*(str(tmp_path / name) for name in files), "--budget", "10%")
    assert [row["trace"] for row in rows] == list("abcdefg")
    figures = {(row["object_miss_ratio"], row["byte_miss_ratio"]) for row in rows}
    assert len(figures) == 1


def test_traces_that_would_have_one_name_have_different_ones(tmp_path):
    trace = requests(count=200)
    for name in ["t.bin", "web.trace", "other/t.bin", "t.csv", "deep/once.trace"]:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(lines(trace) if name.endswith(".csv") else records(trace))

    def names(*given: str) -> list[str]:
        rows = table(*(str(tmp_path / name) for name in given), "--budget", "1%,5%")
        assert [row["trace"] for row in rows[::2]] == [row["trace"] for row in rows[1::2]]
        return [row["trace"].removeprefix(f"{tmp_path}/") for row in rows[::2]]

    assert names("web.trace", "t.bin", "deep/once.trace") == ["web", "t", "once"]
    assert names("web.trace", "t.bin", "t.csv") == ["web", "t.bin", "t.csv"]
    assert names("t.bin", "other/t.bin", "t.csv") == ["t.bin", "other/t.bin", "t.csv"]


def test_lru_is_lru(tmp_path):
    trace = requests(seed=2)
    file = tmp_path / "t.trace"
    file.write_bytes(records(trace))
    for budget in (5_000, 50_000):
        (row,) = table(str(file), "--budget", str(budget), "--policy", "lru")
        objects, byte_ratio = lru(trace, budget)
        assert float(row["object_miss_ratio"]) == pytest.approx(objects, abs=1e-6)
        assert float(row["byte_miss_ratio"]) == pytest.approx(byte_ratio, abs=1e-6)


def test_with_room_for_everything_each_key_misses_once(tmp_path):
    trace = requests(seed=3)
    file = tmp_path / "t.trace"
    file.write_bytes(records(trace))
    for shards in ("1", "64"):
        (row,) = table(str(file), "--budget", "1GiB", "--shards", shards)
        assert float(row["object_miss_ratio"]) == pytest.approx(len({k for _, k, _ in trace}) / len(trace), abs=1e-6)


def test_charging_what_the_server_charges_leaves_less_room(tmp_path):
    trace = requests(seed=4)
    file = tmp_path / "t.trace"
    file.write_bytes(records(trace))
    (size,) = table(str(file), "--budget", "20%")
    (real,) = table(str(file), "--budget", "20%", "--charge", "real")
    assert float(real["object_miss_ratio"]) > float(size["object_miss_ratio"])


def test_the_miss_cost_moves_the_balance(tmp_path):
    trace = requests(seed=5, count=60_000, keys=5_000)
    file = tmp_path / "t.trace"
    file.write_bytes(records(trace))
    (objects,) = table(str(file), "--budget", "10%", "--miss-cost", "object")
    (balance,) = table(str(file), "--budget", "10%", "--miss-cost", "bytes")
    assert float(objects["object_miss_ratio"]) < float(balance["object_miss_ratio"])
    assert float(objects["byte_miss_ratio"]) > float(balance["byte_miss_ratio"])


def test_a_plot_that_cannot_be_written_is_told_before_the_replay(tmp_path):
    trace = tmp_path / "t.trace"
    trace.write_bytes(records(requests(count=100)))
    plot = tmp_path / "missing" / "plot.svg"
    failed = simulate(str(trace), "--budget", "1%", "--plot", str(plot))
    assert (failed.returncode, failed.stdout) == (73, b"")
    assert failed.stderr.decode() == f"larder: cannot write {plot}: no such file or directory\n"
    failed = simulate(str(trace), "--budget", "1%", "--plot", str(tmp_path))
    assert (failed.returncode, failed.stdout) == (73, b"")
    assert failed.stderr.decode() == f"larder: cannot write {tmp_path}: is a directory\n"


def test_text_json_and_plot(tmp_path):
    file = tmp_path / "t.trace"
    file.write_bytes(records(requests()))
    plot = tmp_path / "curve.svg"
    text = simulate(str(file), "--budget", "1%,10%", "--policy", "larder,lru", "--plot", str(plot))
    assert text.returncode == 0 and len(text.stdout.splitlines()) == 5 and text.stderr == b""
    assert plot.read_text().startswith("<svg") and plot.read_text().count("<polyline") == 2
    told = [json.loads(line) for line in simulate(str(file), "--budget", "10kB", "-o", "json").stdout.splitlines()]
    assert told[0]["budget_bytes"] == 10_000 and told[0]["requests"] == 4_000


@pytest.mark.parametrize(
    ("name", "contents", "place"),
    [
        ("t.trace", records(requests())[:-3], "byte 63984"),
        ("t.trace", b"", "no request"),
        ("t.oracleGeneral", oracle(requests())[:-1], "byte 95976"),
        ("t.csv", b"0,1,10\n1,2\n", "byte 7"),
        ("t.csv", b"0,1,10\n1,2,big\n", "byte 7"),
        ("t.csv", b"0,1,10\n1,,5\n", "byte 7"),
        ("t.csv", b"0,1,99999999999\n", "byte 0"),
        ("t.csv", b"1" * 10_000, "longer"),
        ("t.trace.zst", zstandard.compress(records(requests()))[:-9], "cut off"),
        ("t.trace.zst", zstandard.compress(b"")[:4] + b"\xff" * 40, "malformed zstd"),
    ],
)
def test_bad_traces_are_refused_with_the_place(tmp_path, name, contents, place):
    file = tmp_path / name
    file.write_bytes(contents)
    done = simulate(str(file), "--budget", "1%")
    assert done.returncode == 65
    assert place in done.stderr.decode() and str(file) in done.stderr.decode()


def test_wrong_command_lines(tmp_path):
    file = tmp_path / "t.trace"
    file.write_bytes(records(requests()))
    assert simulate(str(file)).returncode == 64
    for wrong in (("--budget", "0"), ("--budget", "150%"), ("--budget", "1%", "--policy", "best"),
                  ("--budget", "1%", "--shards", "3"), ("--budget", "1%", "--miss-cost", "dear")):
        assert simulate(str(file), *wrong).returncode == 64, wrong
    # Nothing is printed, nor replayed, before a name that is wrong is told.
    absent = simulate(str(file), str(tmp_path / "absent"), "--budget", "1%")
    assert (absent.returncode, absent.stdout) == (66, b"")
