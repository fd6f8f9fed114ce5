"""A real data set: every package that this Debian machine knows of, loaded and read back."""

import collections
import json
import re
import subprocess
import sys

import pytest

import harness

MAKE = harness.ROOT / "examples/packages/make_dataset.py"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The data set as a file and as a dictionary."""
    path = tmp_path_factory.mktemp("packages") / "packages.jsonl"
    with path.open("wb") as out:
        made = subprocess.run([sys.executable, str(MAKE)], stdout=out, stderr=subprocess.PIPE, text=True)
    if made.returncode != 0:
        as_root = [] if subprocess.run(["id", "-u"], capture_output=True, text=True).stdout == "0\n" else ["sudo"]
        subprocess.run([*as_root, "apt-get", "update", "-qq"], check=True)
        with path.open("wb") as out:
            subprocess.run([sys.executable, str(MAKE)], stdout=out, check=True)
    records = {}
    with path.open() as lines:
        for line in lines:
            record = json.loads(line)
            records[record["key"].encode()] = record["value"].encode()
    assert len(records) >= 50_000
    return path, records


def summary(finished: subprocess.CompletedProcess) -> dict:
    return json.loads(finished.stdout)


def read_back(stub, m, records: dict, size: int = 200):
    """What a generated client finds of `records`: a count per outcome; a wrong byte fails at once."""
    outcomes = collections.Counter()
    keys = list(records)
    for i in range(0, len(keys), size):
        part = keys[i:i + size]
        answers = stub.BatchGet(m.BatchGetRequest(keys=part), timeout=30).responses
        assert len(answers) == len(part)
        for key, answer in zip(part, answers):
            outcomes[answer.outcome] += 1
            if answer.outcome == m.GET_OUTCOME_HIT:
                assert answer.value == records[key], key
    return outcomes


def test_every_package_comes_back_byte_for_byte(packages, make_server):
    path, records = packages
    server = make_server("--memory", "512MiB")
    loaded = harness.larder("load", str(path), "-o", "json", "--no-progress", server=server, timeout=110)
    assert loaded.returncode == 0, loaded.stderr
    told = summary(loaded)
    assert told["stored"] == len(records) and told["not_admitted"] == 0 and told["rejected"] == 0
    m = harness.messages()
    with harness.channel(server) as channel:
        stub = harness.cache_stub(channel)
        outcomes = read_back(stub, m, records)
        assert outcomes == {m.GET_OUTCOME_HIT: len(records)}
        for key in list(records)[::997]:
            assert stub.Get(m.GetRequest(key=key)).value == records[key]
    got = harness.grpcurl(server, "larder.text.v1.CacheService/Get", data='{"key": "package:bash"}')
    assert got.returncode == 0, got.stderr
    answer = json.loads(got.stdout)
    assert answer["outcome"] == "GET_OUTCOME_HIT"
    assert answer["value"] == records[b"package:bash"].decode()


def test_with_a_quarter_of_the_room_the_limit_holds_and_the_server_says_what_it_dropped(packages, make_server):
    path, records = packages
    total = sum(len(k) + len(v) for k, v in records.items())
    budget = total // 4
    server = make_server("--memory", str(budget), "--threads", "1")
    loaded = harness.larder("load", str(path), "-o", "json", "--no-progress", server=server, timeout=110)
    told = summary(loaded)
    assert told["stored"] + told["not_admitted"] == len(records) and told["rejected"] == 0
    assert loaded.returncode == (1 if told["not_admitted"] else 0)
    assert harness.resident_bytes(server.pid) <= budget * 1.10 + (48 << 20) + (1 << 20)
    m = harness.messages()
    with harness.channel(server) as channel:
        outcomes = read_back(harness.cache_stub(channel), m, records)
        kept = sum(len(k) + len(v) for k, v in records.items()
                   if harness.cache_stub(channel).Get(m.GetRequest(key=k, metadata_only=True, peek=True)).outcome == m.GET_OUTCOME_HIT)
    assert outcomes[m.GET_OUTCOME_HIT] > len(records) // 10
    assert outcomes[m.GET_OUTCOME_HIT] + outcomes[m.GET_OUTCOME_MISS] == len(records)
    assert budget * 0.5 < kept <= budget
    assert harness.resident_bytes(server.pid) <= budget * 1.10 + (48 << 20) + (1 << 20)
    assert server.stop() == 0
    counts = dict(re.findall(r"(\w+)=(\d+)", server.log.splitlines()[-1]))
    dropped = len(records) - int(counts["entries"])
    assert dropped > len(records) // 2
    assert int(counts["evicted"]) + int(counts["not_admitted"]) == dropped
    assert int(counts["not_admitted"]) == told["not_admitted"]


def test_export_and_load_move_a_whole_cache(packages, make_server, tmp_path):
    path, records = packages
    first, second = make_server("--memory", "512MiB"), make_server("--memory", "512MiB")
    some = tmp_path / "some.jsonl"
    with path.open() as lines, some.open("w") as out:
        for _, line in zip(range(10_000), lines):
            out.write(line)
    assert harness.larder("load", str(some), "--no-progress", server=first).returncode == 0
    large = tmp_path / "large"
    large.write_bytes(bytes(i * 11 % 256 for i in range(3_000_000)))
    assert harness.larder("set", "large", "--file", str(large), server=first).returncode == 0
    exported = tmp_path / "cache.larder"
    assert harness.larder("export", "-o", str(exported), server=first).returncode == 0
    loaded = harness.larder("load", str(exported), "-o", "json", "--no-progress", server=second)
    assert loaded.returncode == 0, loaded.stderr
    assert summary(loaded)["stored"] == 10_001
    raw = harness.larder("get", "large", "-o", "raw", server=second)
    assert raw.returncode == 0 and raw.stdout == large.read_bytes()
    m = harness.messages()
    with harness.channel(second) as channel:
        part = dict(list(records.items())[:10_000])
        assert read_back(harness.cache_stub(channel), m, part) == {m.GET_OUTCOME_HIT: 10_000}


def test_the_file_of_an_export_that_was_cut_is_refused(make_server, tmp_path):
    server = make_server()
    for i in range(20):
        harness.larder("set", f"k{i}", "v" * 100, server=server)
    whole = tmp_path / "whole.larder"
    assert harness.larder("export", "-o", str(whole), server=server).returncode == 0
    cut = tmp_path / "cut.larder"
    cut.write_bytes(whole.read_bytes()[:-9])
    refused = harness.larder("load", str(cut), "--no-progress", server=server)
    assert refused.returncode == 65 and b"cut.larder" in refused.stderr


