"""Whether what clients saw of each key can have happened in some order, one call after the other.

The checker linearizes just in time (Lowe, "Testing for linearizability"): it walks through the invocations and
returns of one key in the order of time and keeps every state that the key can be in, each with the calls that must
have taken effect for it. An eviction is a deletion that nobody asked for.

    python linearizability.py [--seconds 600] [--memory 8MiB] [--processes 6]

starts a server and loads it for so long, round by round, and checks each round.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import subprocess
import sys
import time

import harness

STATES_MAX = 50_000
VALUE_BYTES = 9_000
# Few keys that all want at once, and more that have no room together under a small budget.
HOT_KEYS = 4
COLD_KEYS = 150
COLD_VALUE_BYTES = 100_000
ABSENT = None


@dataclasses.dataclass(frozen=True)
class Call:
    """What a client asked and was told, and when."""

    kind: str  # get, set, delete
    invoked: int
    returned: int
    value: str | None = None  # written or read
    if_version: int | None = None
    outcome: str = ""  # hit, miss; stored, failed, not_admitted; deleted, miss
    version: int = 0  # of the item read, stored or in the way


# What a key can be: what it holds (value, version) or ABSENT, and the newest version that there ever was.
State = tuple[tuple[str, int] | None, int]


def after(state: State, call: Call) -> State | None:
    """The state after the call, if it can have been told what it was told."""
    held, latest = state
    match call.kind, call.outcome:
        case "get", "hit":
            return state if held == (call.value, call.version) else None
        case "get", "miss":
            return state if held is ABSENT else None
        case "set", "stored":
            fits = call.if_version is None or (held is not ABSENT and held[1] == call.if_version)
            return ((call.value, call.version), call.version) if fits and call.version > latest else None
        case "set", "not_admitted":
            fits = call.if_version is None or (held is not ABSENT and held[1] == call.if_version)
            return (ABSENT, latest) if fits else None
        case "set", "failed":
            present = held[1] if held is not ABSENT else 0
            return state if present == call.version and present != call.if_version else None
        case "delete", "deleted":
            return (ABSENT, latest) if held is not ABSENT else None
        case "delete", "miss":
            return state if held is ABSENT else None
    raise ValueError(f"no such call: {call}")


class TooHard(Exception):
    """There are more states than the checker keeps."""


def fault(history: list[Call], may_evict: bool) -> str | None:
    """The first return of one key's history that no order of the calls explains, or None."""
    events = [(c.invoked, 1, n) for n, c in enumerate(history)]
    # A return at the very moment of an invocation counts as after it: the two may have overlapped.
    events += [(c.returned, 2, n) for n, c in enumerate(history)]
    open_calls: set[int] = set()
    configurations: set[tuple[State, frozenset[int]]] = {((ABSENT, 0), frozenset())}
    for _, what, number in sorted(events):
        if what == 1:
            open_calls.add(number)
            continue
        # Whatever may have taken effect before this return, until nothing new comes of it.
        reached = set(configurations)
        frontier = list(configurations)
        while frontier:
            state, done = frontier.pop()
            following = [((ABSENT, state[1]), done)] if may_evict else []
            for other in open_calls - done:
                if (changed := after(state, history[other])) is not None:
                    following.append((changed, done | {other}))
            for configuration in following:
                if configuration not in reached:
                    reached.add(configuration)
                    frontier.append(configuration)
            if len(reached) > STATES_MAX:
                raise TooHard(f"over {STATES_MAX} states at {history[number]}")
        configurations = {(s, done - {number}) for s, done in reached if number in done}
        open_calls.discard(number)
        if not configurations:
            return f"{history[number]} cannot be"
    return None


def faults(histories: dict[str, list[Call]], may_evict: bool) -> list[str]:
    found = ((key, fault(history, may_evict)) for key, history in histories.items())
    return [f"{key}: {what}" for key, what in found if what]


# ---------------------------------------------------------------- load


def pattern(name: str, count: int) -> bytes:
    """Bytes that tell in every place whose they are."""
    unit = f"{name};".encode()
    return (unit * (count // len(unit) + 1))[:count]


def read(value: bytes) -> str:
    """The name that a whole value bears; a torn one has one that nobody wrote."""
    name = value.split(b";", 1)[0].decode(errors="replace")
    return name if value == pattern(name, len(value)) else f"torn {name}"


def work(address: str, worker: int, operations: int, seed: int) -> None:
    """One client: random calls on few keys, each printed with what came of it."""
    import grpc

    harness.generated()
    messages = harness.messages()
    chance = random.Random(f"{seed}/{worker}")
    seen: dict[str, int] = {}
    with grpc.insecure_channel(address) as channel:
        stub = harness.cache_stub(channel)
        stub.GetLimits(messages.GetLimitsRequest(), wait_for_ready=True, timeout=60)
        sys.stdin.readline()
        for count in range(operations):
            is_hot = chance.random() < 0.7
            key = f"{seed}/hot/{chance.randrange(HOT_KEYS)}" if is_hot else f"{seed}/cold/{chance.randrange(COLD_KEYS)}"
            call = chance.choices(("get", "set", "cas", "delete"), (45, 25, 20, 10))[0]
            print(json.dumps([key, one_call(stub, messages, call, key, f"{worker}.{count}", chance, seen)]))


def one_call(stub, messages, call: str, key: str, name: str, chance: random.Random, seen: dict[str, int]) -> dict:
    raw = key.encode()
    told: dict = {"invoked": time.monotonic_ns()}
    if call == "get":
        answer = stub.Get(messages.GetRequest(key=raw), timeout=60)
        told["returned"] = time.monotonic_ns()
        is_hit = answer.outcome == messages.GET_OUTCOME_HIT
        assert is_hit or answer.outcome == messages.GET_OUTCOME_MISS, answer.outcome
        told |= {"kind": "get", "outcome": "hit" if is_hit else "miss", "version": answer.version}
        told["value"] = read(answer.value) if is_hit else None
    elif call == "delete":
        answer = stub.Delete(messages.DeleteRequest(key=raw), timeout=60)
        told["returned"] = time.monotonic_ns()
        is_deleted = answer.outcome == messages.DELETE_OUTCOME_DELETED
        assert is_deleted or answer.outcome == messages.DELETE_OUTCOME_MISS, answer.outcome
        told |= {"kind": "delete", "outcome": "deleted" if is_deleted else "miss"}
    else:
        count = COLD_VALUE_BYTES if "cold" in key else chance.choice((100, VALUE_BYTES))
        value = pattern(name, count)
        request = messages.SetRequest(key=raw, value=value)
        if call == "cas":
            request.if_version = seen.get(key, 1)
        answer = stub.Set(request, timeout=60)
        told["returned"] = time.monotonic_ns()
        outcomes = {
            messages.SET_OUTCOME_STORED: "stored", messages.SET_OUTCOME_CONDITION_FAILED: "failed",
            messages.SET_OUTCOME_NOT_ADMITTED: "not_admitted",
        }
        told |= {"kind": "set", "value": name, "outcome": outcomes[answer.outcome], "version": answer.version}
        told["if_version"] = request.if_version if call == "cas" else None
    if told.get("version"):
        seen[key] = told["version"]
    return told


def histories(server: harness.Server, processes: int, operations: int, seed: int) -> dict[str, list[Call]]:
    """What so many clients at once have seen of each key."""
    command = [sys.executable, __file__, "--work", server.address, "--operations", str(operations), "--seed", str(seed)]
    workers = [
        subprocess.Popen([*command, "--worker", str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(processes)
    ]
    try:
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        printed = [worker.stdout.read() for worker in workers]
        codes = [worker.wait() for worker in workers]
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
    assert codes == [0] * processes, f"the clients ended with {codes}"
    keys: dict[str, list[Call]] = {}
    for line in "".join(printed).splitlines():
        key, told = json.loads(line)
        keys.setdefault(key, []).append(Call(**told))
    assert sum(map(len, keys.values())) == processes * operations
    return keys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--memory", default="8MiB")
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--operations", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.worker, arguments.operations, arguments.seed)
        return 0
    harness.generate_clients()
    end = time.monotonic() + arguments.seconds
    seed = arguments.seed
    with harness.Server("--memory", arguments.memory) as server:
        while time.monotonic() < end:
            found = faults(histories(server, arguments.processes, arguments.operations, seed), may_evict=True)
            if found:
                print(f"seed {seed}: {found}", file=sys.stderr)
                return 1
            print(f"seed {seed}: {arguments.processes * arguments.operations} calls, linearizable", flush=True)
            seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
