"""One key at a time, the cache behaves as if calls came one after the other; an eviction is a deletion by nobody."""

import itertools
import random

import pytest

import linearizability
from linearizability import Call


# ---------------------------------------------------------------- the checker


def get(invoked, returned, value=None, version=0):
    return Call("get", invoked, returned, value, outcome="hit" if value else "miss", version=version)


def put(invoked, returned, value, version, if_version=None, outcome="stored"):
    return Call("set", invoked, returned, value, if_version, outcome, version)


def delete(invoked, returned, outcome="deleted"):
    return Call("delete", invoked, returned, outcome=outcome)


FINE = {
    "one after the other": [put(1, 2, "a", 1), get(3, 4, "a", 1), delete(5, 6), get(7, 8)],
    "a read beside a write sees either": [put(1, 2, "a", 1), put(3, 9, "b", 2), get(4, 5, "a", 1), get(6, 7, "b", 2)],
    "a deletion beside a read": [put(1, 2, "a", 1), delete(3, 9), get(4, 5, "a", 1), get(6, 7)],
    "who comes second with a version fails": [
        put(1, 2, "a", 1), put(3, 6, "b", 2, if_version=1), put(4, 7, "c", 2, if_version=1, outcome="failed")],
    "a condition on nothing fails": [put(1, 2, "a", 0, if_version=7, outcome="failed")],
}
WRONG = {
    "stale: a value that was replaced": [put(1, 2, "a", 1), put(3, 4, "b", 2), get(5, 6, "a", 1)],
    "stale: two reads go back in time": [
        put(1, 2, "a", 1), put(3, 9, "b", 2), get(4, 5, "b", 2), get(6, 7, "a", 1)],
    "torn: a value that nobody wrote": [put(1, 2, "a", 1), get(3, 4, "torn a", 1)],
    "lost update: both succeed over one version": [
        put(1, 2, "a", 1), put(3, 6, "b", 2, if_version=1), put(4, 7, "c", 3, if_version=1)],
    "lost update: what was stored is not there": [put(1, 2, "a", 1), put(3, 4, "b", 2), get(5, 6, "a", 2)],
    "it comes back after a deletion": [put(1, 2, "a", 1), delete(3, 4), get(5, 6, "a", 1)],
    "it comes back after a miss": [put(1, 2, "a", 1), get(3, 4), get(5, 6, "a", 1)],
    "a version is given twice": [put(1, 2, "a", 1), delete(3, 4), put(5, 6, "b", 1)],
    "a condition fails although it held": [put(1, 2, "a", 1), put(3, 4, "b", 1, if_version=1, outcome="failed")],
    "deleted, and nothing was there": [put(1, 2, "a", 1), delete(3, 4), delete(5, 6)],
}


@pytest.mark.parametrize("name", FINE)
def test_what_can_have_been_is_accepted(name):
    assert linearizability.fault(FINE[name], may_evict=False) is None
    assert linearizability.fault(FINE[name], may_evict=True) is None


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_fault_is_found(name):
    assert linearizability.fault(WRONG[name], may_evict=True) is not None


def test_a_miss_without_a_deletion_is_an_eviction():
    history = [put(1, 2, "a", 1), get(3, 4), put(5, 6, "b", 2), delete(7, 8, "miss")]
    assert linearizability.fault(history, may_evict=True) is None
    assert linearizability.fault(history, may_evict=False) is not None


def explained(history: list[Call]) -> bool:
    """Tries every order: what the checker should say, found the long way."""
    for order in itertools.permutations(history):
        if any(later.returned < earlier.invoked for earlier, later in itertools.combinations(order, 2)):
            continue
        state = (None, 0)
        for call in order:
            state = linearizability.after(state, call)
            if state is None:
                break
        else:
            return True
    return False


def test_the_checker_agrees_with_trying_every_order():
    chance = random.Random(1)
    verdicts = set()
    for _ in range(3_000):
        history = []
        for _ in range(chance.randrange(2, 6)):
            invoked = chance.randrange(20)
            returned = invoked + chance.randrange(1, 8)
            value, version = chance.choice([("a", 1), ("b", 2), ("c", 3)])
            history.append(chance.choice([
                get(invoked, returned), get(invoked, returned, value, version), put(invoked, returned, value, version),
                put(invoked, returned, value, version, if_version=version - 1), delete(invoked, returned),
                delete(invoked, returned, "miss"),
            ]))
        verdict = explained(history)
        verdicts.add(verdict)
        assert (linearizability.fault(history, may_evict=False) is None) == verdict, history
    assert verdicts == {True, False}


# ---------------------------------------------------------------- the server


def test_values_tell_whether_they_are_whole():
    whole = linearizability.pattern("3.14", 9_000)
    assert linearizability.read(whole) == "3.14"
    torn = whole[:4_000] + linearizability.pattern("2.71", 9_000)[4_000:]
    assert linearizability.read(torn).startswith("torn")


@pytest.mark.parametrize("memory,may_evict", [("64MiB", False), ("8MiB", True)])
def test_six_clients_on_few_keys(make_server, memory, may_evict):
    server = make_server("--memory", memory, "--threads", "2")
    histories = linearizability.histories(server, processes=6, operations=1_500, seed=1)
    calls = [call for history in histories.values() for call in history]
    assert {call.outcome for call in calls} >= {"hit", "miss", "stored", "failed", "deleted"}
    assert linearizability.faults(histories, may_evict) == []
    if may_evict:
        # The small budget must have been felt, or the test shows less than it says.
        assert linearizability.faults(histories, may_evict=False) != []
