"""`docs/conformance.md` names tests: each of them exists, and whatever is said to be done names one."""

import pathlib
import re

import harness

PAGE = harness.ROOT / "docs" / "conformance.md"
TESTS = harness.ROOT / "Tests"


def rows() -> dict[int, tuple[str, list[str]]]:
    """Number: what is said to be done, and the tests that are named."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if cells[0].isdigit() and len(cells) >= 3:
            found[int(cells[0])] = (cells[2], re.findall(r"`([^`]+)`", cells[3]) if len(cells) > 3 else [])
    return found


def exists(test: str) -> bool:
    name, _, what = test.partition(": ")
    if name.endswith(".py"):
        path = TESTS / "EndToEnd" / name
        return path.is_file() and f"def {what}(" in path.read_text()
    return any(f'"{what}"' in path.read_text() for path in TESTS.rglob(f"{name}.swift"))


def test_every_duty_has_a_row():
    assert list(rows()) == list(range(1, 89))


def test_every_test_that_is_named_exists():
    named = [test for _, tests in rows().values() for test in tests]
    assert len(named) > 100 and [test for test in named if not exists(test)] == []


def test_what_is_said_to_be_done_names_its_test():
    for number, (state, tests) in rows().items():
        assert re.match(r"\*\*(yes|partly|no|client|chosen)\*\*", state), number
        assert tests or state.startswith(("**no**", "**client**")), number


def test_a_test_that_does_not_exist_is_found_out():
    assert not exists("CallHeadTests: nobody wrote this") and not exists("test_http.py: test_nobody_wrote_this")
    assert not exists("NobodysTests: te may be absent")


def test_the_checker_has_as_many_cases_and_exceptions_as_the_page_says():
    import test_http2_checker

    page = pathlib.Path(PAGE).read_text()
    assert f"{len(test_http2_checker.CASES)} cases of RFC 9113" in page
    assert len(test_http2_checker.EXCEPTIONS) == 3 and "Three are answered otherwise" in page
