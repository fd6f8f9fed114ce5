"""Configuration through the built binary: precedence, --print-config, and refusals in one line."""

import json
import re
import signal
import socket
import subprocess
import time

import pytest

import harness

# A refusal is promised within 200 ms; the limit leaves room for a busy machine.
TIMEOUT_SECONDS = 10

USAGE = 64
CONFIGURATION = 78


def larder(*arguments, variables=None, stdin=None):
    return subprocess.run(
        [str(harness.LARDER), *arguments],
        env=harness.environment(**(variables or {})),
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def write(tmp_path):
    """Writes a configuration file and gives its path."""

    def write_file(content, name="larder.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write_file


def printed(*arguments, **more):
    """The table of --print-config: key -> (value, source), in its order."""
    run = larder("serve", "--print-config", *arguments, **more)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    lines = [line.split() for line in run.stdout.splitlines()]
    assert lines[0] == ["key", "value", "source"]
    assert all(len(line) == 3 for line in lines)
    return {key: (value, source) for key, value, source in lines[1:]}


def assert_refused(run, code, *words):
    assert run.returncode == code, (run.returncode, run.stderr)
    assert run.stdout == ""
    assert run.stderr.startswith("larder: ")
    assert run.stderr.endswith("\n")
    assert run.stderr.count("\n") == 1, run.stderr
    assert len(run.stderr.encode()) < 1_000
    for word in words:
        assert word in run.stderr, run.stderr


# What is wrong on the command line: arguments, and words that the line must have.
BAD_FLAGS = [
    (["--threads", "0"], ["--threads: 0 is out of range: allowed is 1 to 256"]),
    (["--threads", "257"], ["--threads: 257", "1 to 256"]),
    (["--threads", "-1"], ["--threads"]),
    (["--threads=-1"], ["--threads: -1 is not a whole number", "1 to 256"]),
    (["--threads", "four"], ["--threads: four is not a whole number"]),
    (["--threads", "99999999999999999999999"], ["is out of range"]),
    (["--threads", ""], ['--threads: "" is not a whole number']),
    (["--threads"], ["--threads"]),
    (["--thread", "4"], ["--thread", "--threads"]),
    (["--no-such-flag"], ["--no-such-flag"]),
    (["surplus"], ["surplus"]),
    (["--memory", "7MiB"], ["--memory: 7MiB is out of range: allowed is 8MiB to "]),
    (["--memory", "0%"], ["--memory: 0%"]),
    (["--memory", "101%"], ["--memory: 101%"]),
    (["--memory", "1.5GiB"], ["--memory: 1.5GiB is not a size"]),
    (["--memory", "lots"], ["--memory: lots is not a size"]),
    (["--memory", "18446744073709551616"], ["is out of range"]),
    (["--max-key-bytes", "65536"], ["--max-key-bytes: 65536", "1 to 65535"]),
    (["--max-value-bytes", "0"], ["--max-value-bytes: 0"]),
    (["--memory", "64MiB", "--max-value-bytes", "9MiB"], ["--max-value-bytes: 9MiB", "1 to 8MiB"]),
    (["--max-entries", "-5"], ["--max-entries"]),
    (["--miss-cost", "cheap"], ["--miss-cost: cheap is neither", "object, balanced, bytes"]),
    (["--miss-cost", "0"], ["--miss-cost: 0 is out of range"]),
    (["--max-message-bytes", "1023"], ["--max-message-bytes: 1023", "1KiB to 256MiB"]),
    (["--max-streams", "0"], ["--max-streams: 0", "1 to 65536"]),
    (["--max-connections", "1000001"], ["--max-connections: 1000001", "0 to 1000000"]),
    (["--upload-memory", "1MB"], ["--upload-memory: 1MB", "1MiB to 1TiB"]),
    (["--request-timeout", "0"], ["--request-timeout: 0 is out of range", "100ms to 1h"]),
    (["--idle-timeout", "721h"], ["--idle-timeout: 721h is out of range", "0s to 720h"]),
    (["--drain-timeout", "10"], ["--drain-timeout: 10 is not a time"]),
    (["--drain-timeout", "2h"], ["--drain-timeout: 2h is out of range: allowed is 0s to 1h"]),
    (["--listen", "7070"], ["--listen: 7070 is not an address (no port: write host:port)"]),
    (["--listen", "127.0.0.1:65536"], ["--listen: 127.0.0.1:65536"]),
    (["--listen", "::1:7070"], ["--listen: ::1:7070", "[ipv6]:port"]),
    (["--listen", "unix:"], ["--listen: unix: is not an address (no path after unix:)"]),
    (["--listen", "unix:/" + "x" * 103], ["--listen: unix:/xxx", "xxx is not an address", "103 bytes"]),
    (["--listen", "unix:/" + "x" * 9_999], ['--listen: "unix:/xxx', 'xxx…" is not an address', "103 bytes"]),
    (["--listen", "a:1", "--listen", "a:1"], ["--listen: a:1 is given twice"]),
    (["--log-level", "loud"], ["--log-level: loud is unknown", "trace, debug, info"]),
    (["--log-format", "xml"], ["--log-format: xml is unknown: allowed is text or json"]),
    (["--reflection", "maybe"], ["--reflection: maybe", "true or false"]),
    (["--threads", "1\n2\x1b[31m"], [r'"1\n2\u{1b}[31m"']),
]

# What is wrong in the environment.
BAD_VARIABLES = [
    ({"LARDER_THREADS": "0"}, ["LARDER_THREADS: 0 is out of range: allowed is 1 to 256"]),
    ({"LARDER_THREADS": ""}, ['LARDER_THREADS: ""']),
    ({"LARDER_MEMORY": "12G"}, ["LARDER_MEMORY: 12G is not a size"]),
    ({"LARDER_LISTEN": "127.0.0.1:1,"}, ['LARDER_LISTEN: ""']),
    ({"LARDER_REFLECTION": "on"}, ["LARDER_REFLECTION: on"]),
    ({"LARDER_DRAIN_TIMEOUT": "soon"}, ["LARDER_DRAIN_TIMEOUT: soon"]),
    ({"LARDER_LOG_FORMAT": "JSON"}, ["LARDER_LOG_FORMAT: JSON"]),
    ({"LARDER_THREDS": "4"}, ["LARDER_THREDS: unknown variable, did you mean LARDER_THREADS?"]),
    ({"LARDER_PORT": "7070"}, ["LARDER_PORT: unknown variable"]),
    ({"LARDER_CONFIG": "/nonexistent/larder.json"}, ["/nonexistent/larder.json: can't be read"]),
]

# What is wrong in the file: its text, and words that the line must have.
BAD_FILES = [
    ({"threads": 0}, ": threads: 0 is out of range: allowed is 1 to 256"),
    ({"threads": "4"}, 'threads: "4" is not a number'),
    ({"threads": True}, "threads: true is not a number"),
    ({"threads": 4.5}, "threads: 4.5 is not a whole number"),
    ({"threads": None}, "threads: null is not a number"),
    ({"threads": {"count": 4}}, "threads: an object is not a number"),
    ({"zzz": 4}, "zzz: unknown key\n"),
    ({"": 4}, '"": unknown key\n'),
    ({"threads": 1 << 80}, "threads: 1208925819614629174706176 is out of range"),
    ({"threds": 4}, "threds: unknown key, did you mean threads?"),
    ({"cache": 1}, "cache: 1 is not an object"),
    ({"cache": {"memory": "1KiB"}}, "cache.memory: 1KiB is out of range: allowed is 8MiB to "),
    ({"cache": {"memory": -1}}, "cache.memory: -1 is not a size"),
    ({"cache": {"memroy": "1GiB"}}, "cache.memroy: unknown key, did you mean cache.memory?"),
    ({"cache.memory": "1GiB"}, "cache.memory: unknown key, the dot means an object"),
    ({"cache": {"max-entries": 1.5}}, "cache.max-entries: 1.5 is not a whole number"),
    ({"server": {"drain-timeout": 10}}, "server.drain-timeout: 10 is not a string"),
    ({"server": {"reflection": "true"}}, 'server.reflection: "true" is not true or false'),
    ({"server": {"max-streams": 65537}}, "server.max-streams: 65537"),
    ({"log": {"level": "INFO"}}, "log.level: INFO is unknown"),
    ({"listen": 7070}, "listen: 7070 is not a string or a list of strings"),
    ({"listen": "127.0.0.1"}, "listen: 127.0.0.1 is not an address"),
    ({"ops": {"listen": "a:1,a:1"}}, "ops.listen: a:1 is given twice"),
    ({"listen": []}, "listen: 0 addresses are too few or too many"),
    ({"listen": [7070]}, "listen: 7070 is not a string"),
    ({"listen": ["nowhere"]}, "listen: nowhere is not an address"),
    ({"listen": [f"a:{port}" for port in range(1, 18)]}, "listen: 17 addresses"),
    ("", "not valid JSON: line 1, column 1: the end comes before a value"),
    ("[]", "a list is not an object"),
    ('{"threads": 4,\n "log" {}}', "not valid JSON: line 2, column 8: expected ':'"),
    ('{"threads": 4} {}', "not valid JSON: line 1, column 16: something follows the end"),
    ('{\r\n  "listen": [":7070",],\r\n}', "not valid JSON: line 2, column 22: expected a value"),
    ('{"cache": {\n  "memory": "1GiB"\n', "not valid JSON: line 3, column 1: expected ',' or '}'"),
    ('{"log": {"level": "é\\n", "format": text}}', "not valid JSON: line 1, column 36: expected a value"),
    ('{"threads": 4,\n "threads": 5}', "not valid JSON: line 2, column 2: threads is there twice"),
    ("# threads: 4\n", "not valid JSON: line 1, column 1: expected a value"),
    ("threads = 4\n", "not valid JSON: line 1, column 1: expected a value"),
    ("[" * 100_000, "not valid JSON: line 1, column 129: deeper than 128 levels"),
    (b'{"threads": \xff}', "not valid JSON: line 1, column 13: expected a value"),
    (b'{"threads": "\xff"}', "not valid JSON: line 1, column 14: a string is not UTF-8"),
    (b"\x00" * 100, "not valid JSON: line 1, column 1: expected a value"),
    (" " * (1 << 20) + "{}", "longer than 1MiB"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD_FLAGS)
def test_a_wrong_flag_is_one_line_and_exit_64(arguments, words):
    port = harness.free_port()
    listen = [] if "--listen" in arguments else ["--listen", f"127.0.0.1:{port}"]
    assert_refused(larder("serve", *listen, *arguments), USAGE, *words)
    assert not is_listening(port)


@pytest.mark.parametrize(("variables", "words"), BAD_VARIABLES)
def test_a_wrong_variable_is_one_line_and_exit_78(variables, words):
    port = harness.free_port()
    listen = [] if "LARDER_LISTEN" in variables else ["--listen", f"127.0.0.1:{port}"]
    assert_refused(larder("serve", *listen, variables=variables), CONFIGURATION, *words)
    assert not is_listening(port)


@pytest.mark.parametrize(("content", "words"), BAD_FILES)
def test_a_wrong_file_is_one_line_and_exit_78(write, content, words):
    port = harness.free_port()
    path = write(content)
    listens = isinstance(content, dict) and "listen" in content
    listen = [] if listens else ["--listen", f"127.0.0.1:{port}"]
    assert_refused(larder("serve", *listen, "--config", path), CONFIGURATION, path, words)
    assert not is_listening(port)


def test_a_file_that_can_not_be_read_is_named(tmp_path):
    assert_refused(
        larder("serve", "--config", str(tmp_path)), CONFIGURATION, f"{tmp_path}: can't be read: is a directory"
    )


@pytest.mark.parametrize("mode", ["--check-config", "--print-config"])
def test_checking_and_printing_refuse_alike(write, mode):
    path = write({"threads": 0})
    assert_refused(larder("serve", mode, "--config", path), CONFIGURATION, "threads: 0")
    assert_refused(larder("serve", mode, "--threads", "0"), USAGE, "--threads: 0")


def test_a_list_may_be_one_string(write):
    table = printed("--config", write({"listen": ":7070", "admin": {"listen": "unix:/a,unix:/b"}, "ops": {"listen": "none"}}))
    assert table["listen"] == (":7070", "file")
    assert table["admin.listen"] == ("unix:/a,unix:/b", "file")
    assert table["ops.listen"] == ("none", "file")


def test_defaults_listen_on_loopback_only():
    table = printed()
    assert table["listen"] == ("127.0.0.1:7070", "default")
    assert all(source == "default" for _, source in table.values())


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(write):
    path = write({"threads": 2, "cache": {"max-entries": 20, "max-key-bytes": 200}})
    table = printed(
        "--config", path, "--threads", "4", variables={"LARDER_THREADS": "3", "LARDER_MAX_ENTRIES": "30"}
    )
    assert table["threads"] == ("4", "flag")
    assert table["cache.max-entries"] == ("30", "environment")
    assert table["cache.max-key-bytes"] == ("200", "file")
    assert table["server.max-streams"] == ("1024", "default")


def test_the_flag_names_the_file_before_the_variable(write):
    one, two = write({"threads": 1}, "one.json"), write({"threads": 2}, "two.json")
    assert printed(variables={"LARDER_CONFIG": one})["threads"] == ("1", "file")
    assert printed("--config", two, variables={"LARDER_CONFIG": one})["threads"] == ("2", "file")


EVERYTHING = {
    "listen": "127.0.0.1:0,[::1]:0,unix:/tmp/larder-test.sock",
    "admin.listen": "127.0.0.1:1,unix:/tmp/larder-test-admin.sock",
    "ops.listen": "127.0.0.1:2,unix:/tmp/larder-test-ops.sock",
    "server.insecure-public": "true",
    "tls.certificate": "/etc/larder/server.pem",
    "tls.key": "/etc/larder/server.key",
    "tls.client-ca": "/etc/larder/clients.pem",
    "tls.client-role": "read",
    "tls.min-version": "1.2",
    "auth.tokens-file": "/etc/larder/tokens",
    "threads": "3",
    "cache.memory": "64MiB",
    "cache.max-entries": "1000",
    "cache.miss-cost": "128KiB",
    "cache.max-key-bytes": "2KiB",
    "cache.max-value-bytes": "8MiB",
    "server.max-inline-bytes": "512KiB",
    "server.max-message-bytes": "2MiB",
    "server.max-streams": "99",
    "server.drain-timeout": "1500ms",
    "server.reflection": "false",
    "server.compression": "true",
    "log.level": "debug",
    "log.format": "json",
    "server.max-connections": "1000",
    "server.upload-memory": "32MiB",
    "server.egress-memory": "48MiB",
    "server.handshake-timeout": "5s",
    "server.request-timeout": "20s",
    "server.write-timeout": "15s",
    "server.idle-timeout": "1h",
    "server.max-connection-age": "2h",
    "server.max-connection-age-grace": "10s",
    "server.keepalive-time": "5m",
    "server.keepalive-timeout": "10s",
    "server.min-ping-interval": "1s",
}


def flag_of(key):
    whole = key.startswith(("log.", "tls.", "admin.", "ops."))
    name = key.replace(".", "-") if whole else key.split(".")[-1]
    return "--" + name


def variable_of(key):
    return "LARDER_" + flag_of(key)[2:].upper().replace("-", "_")


def test_the_table_has_every_setting():
    assert list(printed()) == list(EVERYTHING)


def test_every_setting_has_a_flag():
    arguments = [part for key, value in EVERYTHING.items() for part in (flag_of(key), value)]
    at = arguments.index("--insecure-public")
    assert arguments.pop(at + 1) == "true"
    assert printed(*arguments) == {key: (value, "flag") for key, value in EVERYTHING.items()}


def test_every_setting_has_a_variable():
    table = printed(variables={variable_of(key): value for key, value in EVERYTHING.items()})
    assert table == {key: (value, "environment") for key, value in EVERYTHING.items()}


def test_every_setting_has_a_key(write):
    content = {}
    for key, value in EVERYTHING.items():
        *parents, name = key.split(".")
        place = content
        for parent in parents:
            place = place.setdefault(parent, {})
        if key.endswith("listen"):
            place[name] = value.split(",")
        else:
            place[name] = {"true": True, "false": False}.get(value, int(value) if value.isdigit() else value)
    table = printed("--config", write(content))
    assert table == {key: (value, "file") for key, value in EVERYTHING.items()}


def test_every_setting_is_in_the_help():
    run = larder("serve", "--help")
    assert run.returncode == 0
    text = re.sub(r"\s+", " ", run.stdout)
    for key in EVERYTHING:
        assert flag_of(key) in text
        assert f"{variable_of(key)}, {key}]" in text


def test_listen_may_be_repeated():
    table = printed("--listen", "127.0.0.1:1", "--listen", "[::1]:2")
    assert table["listen"] == ("127.0.0.1:1,[::1]:2", "flag")


def test_every_interface_and_a_relative_path_are_addresses():
    assert printed("--listen", ":7070,unix:l")["listen"] == (":7070,unix:l", "flag")


def test_reflection_is_on_where_only_this_machine_reaches_the_server():
    assert printed()["server.reflection"] == ("true", "default")
    assert printed("--listen", "unix:s,[::1]:7070")["server.reflection"] == ("true", "default")
    assert printed("--listen", "127.0.0.1:1,0.0.0.0:7070")["server.reflection"] == ("false", "default")
    assert printed("--listen", "cache.example:7070")["server.reflection"] == ("false", "default")
    assert printed("--listen", ":7070", "--reflection", "true")["server.reflection"] == ("true", "flag")


def test_a_server_that_others_can_reach_warns_of_each_such_address(make_server):
    with harness.Server() as server:
        assert "warning" not in server.log
    ports = [harness.free_port(), harness.free_port()]
    server = make_server(
        "--insecure-public", "--listen", f":{ports[0]},0.0.0.0:{ports[1]},localhost:0", "--log-format", "json")
    warnings = [line for line in map(json.loads, server.log.splitlines()) if line["level"] == "warning"]
    assert len(warnings) == 2
    for warning, port in zip(warnings, ports):
        assert "--insecure-public" in warning["message"]
        assert warning["metadata"]["address"].endswith(f":{port}")


def test_variables_of_others_do_no_harm():
    run = larder(
        "serve",
        "--check-config",
        variables={
            "LARDER_ADDR": "localhost:7070",
            "LARDER_SERVICE_HOST": "10.0.0.1",
            "LARDER_SERVICE_PORT": "7070",
            "LARDER_PORT": "tcp://10.0.0.1:7070",
            "LARDER_PORT_7070_TCP_ADDR": "10.0.0.1",
        },
    )
    assert run.returncode == 0, run.stderr


def test_a_right_configuration_is_said_to_be_right(write):
    run = larder("serve", "--check-config", "--config", write({}))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "the configuration is right\n"


def test_the_file_may_come_through_a_pipe():
    table = printed("--config", "/dev/stdin", stdin='{"threads": 7}')
    assert table["threads"] == ("7", "file")


def test_an_unknown_verb_is_a_wrong_command_line():
    assert_refused(larder("frobnicate"), USAGE, "frobnicate")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_know_the_flags(shell):
    run = larder("--generate-completion-script", shell)
    assert run.returncode == 0
    assert "max-value-bytes" in run.stdout


def test_the_version_is_one_line():
    run = larder("--version")
    assert run.returncode == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run.stdout)


def waited(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_hang_up_adopts_what_the_file_says_anew(write, make_server):
    path = write({"cache": {"memory": "64MiB"}, "log": {"level": "info"}})
    server = make_server("--config", path, "--threads", "1", "--max-entries", "500")

    def told():
        stats = json.loads(harness.larder("admin", "stats", "-o", "json", server=server).stdout)
        rows = harness.larder("admin", "config", server=server).stdout.decode().splitlines()
        return stats["budget_bytes"], {row.split()[0]: tuple(row.split()[1:3]) for row in rows}

    def hang_up(line):
        count = server.log.count(line)
        server.process.send_signal(signal.SIGHUP)
        waited(lambda: server.log.count(line) > count)

    # What an operator has changed meanwhile stays as long as the file does not say something new.
    assert harness.larder("admin", "config", "cache.memory=96MiB", server=server).returncode == 0
    hang_up("read again")
    assert told()[0] == 96 << 20
    write({
        "cache": {"memory": "128MiB", "max-entries": 9, "max-key-bytes": 100}, "log": {"level": "debug"},
        "server": {"max-connections": 40, "drain-timeout": "1s"}})
    hang_up("settings wait for a restart")
    budget, config = told()
    assert budget == 128 << 20 and config["cache.memory"] == ("128MiB", "file")
    # A flag is stronger than the file, before and after.
    assert config["cache.max-entries"] == ("500", "flag")
    assert config["cache.max-key-bytes"] == ("1KiB", "default")
    assert config["server.max-connections"] == ("40", "file") and config["server.drain-timeout"] == ("1s", "file")
    assert config["log.level"] == ("debug", "file")
    assert "settings=cache.memory,server.drain-timeout,log.level,server.max-connections" in server.log
    assert "settings wait for a restart settings=cache.max-key-bytes\n" in server.log
    # What is wrong is told, and nothing changes.
    write('{"cache": {"memory": 1GiB}}')
    hang_up("settings stay as they were")
    assert "line 1, column 23: expected ',' or '}'" in server.log
    assert told() == (budget, config)


def test_the_limit_of_connections_changes_while_the_server_runs(make_server):
    server = make_server("--max-connections", "100")
    assert harness.larder("admin", "config", "server.max-connections=1", server=server).returncode == 0
    with harness.channel(server) as one:
        harness.cache_stub(one).GetLimits(harness.messages().GetLimitsRequest(), timeout=10)
        assert harness.larder("get", "k", server=server).returncode in (2, 3)
    waited(lambda: harness.larder("admin", "config", "server.max-connections=100", server=server).returncode == 0)
    with harness.channel(server) as one:
        harness.cache_stub(one).GetLimits(harness.messages().GetLimitsRequest(), timeout=10)
        assert harness.larder("get", "k", server=server).returncode == 1
