"""The command line client: output, exit codes, formats."""

import base64
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import time

import pytest

import harness


def run(server, *arguments, stdin=None):
    return harness.larder(*arguments, server=server, stdin=stdin)


def test_set_get_delete_and_their_exit_codes(server):
    assert run(server, "set", "greeting", "hello").returncode == 0
    got = run(server, "get", "greeting")
    assert (got.returncode, got.stdout.rstrip(b"\n")) == (0, b"hello")
    assert run(server, "delete", "greeting").returncode == 0
    assert run(server, "delete", "greeting").returncode == 1
    missing = run(server, "get", "greeting")
    assert missing.returncode == 1 and missing.stdout == b""


def test_values_from_stdin_and_from_a_file_come_back_raw(server, tmp_path):
    value = bytes(range(256)) * 20_000  # 5 MB: more than one message carries
    assert run(server, "set", "piped", "--file", "-", stdin=b"former").returncode == 0
    assert run(server, "get", "piped", "-o", "raw").stdout == b"former"
    assert run(server, "set", "piped", "-", stdin=value[:3_000]).returncode == 0
    assert run(server, "get", "piped", "-o", "raw").stdout == value[:3_000]
    file = tmp_path / "value"
    file.write_bytes(value[:4_000_000])
    assert run(server, "set", "filed", "--file", str(file)).returncode == 0
    assert run(server, "get", "filed", "-o", "raw").stdout == value[:4_000_000]


def test_a_value_over_the_message_limit_goes_in_parts(make_server, tmp_path):
    server = make_server("--memory", "256MiB", "--max-message-bytes", "2MiB", "--max-value-bytes", "8MiB")
    value = bytes(range(256)) * 20_000  # 5 MB
    file = tmp_path / "value"
    file.write_bytes(value)
    stored = run(server, "set", "long", "--file", str(file), "--ttl", "60s", "--flags", "7")
    assert (stored.returncode, stored.stdout) == (0, b"stored\n")
    assert run(server, "get", "long", "-o", "raw").stdout == value
    lines = run(server, "export", "--prefix", "long", "--format", "jsonl").stdout.splitlines()
    assert 0 < json.loads(lines[0])["ttl_millis"] <= 60_000 and json.loads(lines[0])["flags"] == 7
    assert run(server, "set", "long", "-", "--if-absent", stdin=value).returncode == 1
    assert json.loads(run(server, "set", "new", "-", "--if-absent", "-o", "json", stdin=value).stdout) == {
        "key": "new", "outcome": "stored"}
    # Over the limit of values, and where only a Set will do, the limit and its setting are told.
    failed = run(server, "set", "longer", "-", stdin=value * 2)
    assert failed.returncode == 2 and b"10240000 bytes is over the limit of 8388608 bytes" in failed.stderr
    failed = run(server, "set", "long", "-", "--append", stdin=value)
    assert failed.returncode == 2 and b"over the limit of 2097152 bytes (server.max-message-bytes)" in failed.stderr


def test_an_idle_time_is_set_and_exported(server):
    assert run(server, "set", "idle", "text", "--idle", "90s").returncode == 0
    lines = run(server, "export", "--prefix", "idle", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["idle_millis"] for line in lines] == [90_000]


def test_json_output(server):
    run(server, "set", "j", "text", "--ttl", "60s", "--flags", "5")
    told = json.loads(run(server, "get", "j", "-o", "json").stdout)
    assert told["value"] == "text" and told["flags"] == 5 and 0 < told["ttl_millis"] <= 60_000
    run(server, "set", "bin", "-", stdin=b"\xff\x00")
    told = json.loads(run(server, "get", "bin", "-o", "json").stdout)
    assert base64.b64decode(told["value_base64"]) == b"\xff\x00"


def test_keys_in_hexadecimal(server):
    assert run(server, "set", "--hex", "00ff10", "x").returncode == 0
    assert run(server, "get", "--hex", "00ff10").stdout.rstrip(b"\n") == b"x"
    assert run(server, "get", "--hex", "0g").returncode == 64


def test_conditions(server):
    assert run(server, "set", "c", "1", "--if-absent").returncode == 0
    assert run(server, "set", "c", "2", "--if-absent").returncode == 1
    version = str(json.loads(run(server, "get", "c", "-o", "json").stdout)["version"])
    assert run(server, "set", "c", "3", "--if-version", version).returncode == 0
    assert run(server, "set", "c", "4", "--if-version", version).returncode == 1


def test_exit_codes_of_failures(server):
    failed = run(server, "get", "k" * 2_000)
    assert failed.returncode == 2 and b"1024" in failed.stderr and b"2000" in failed.stderr
    nobody = harness.larder("get", "k", "--addr", f"127.0.0.1:{harness.free_port()}")
    assert nobody.returncode == 3 and nobody.stderr.count(b"\n") == 1
    assert run(server, "get").returncode == 64
    assert run(server, "get", "k", "--no-such-flag").returncode == 64


CALLS = ["get k", "set k v", "delete k", "load /dev/null", "export", "health", "limits", "admin stats", "admin config",
         "admin flush", "admin drain"]


@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_address_is_a_usage_error_that_tells_what_would_be_one(call):
    addresses = ["host:99999"] if call != "get k" else ["", "foo", "host:", "host:99999", "127.0.0.1:0", "[::1:7070",
                                                       "::1:7070", "127.1:7070", "a b:1", "unix:"]
    for address in addresses:
        refused = harness.larder(*call.split(), "--addr", address)
        assert (refused.returncode, refused.stdout) == (64, b"")
        told = refused.stderr.decode()
        assert told.startswith(f'larder: --addr: "{address}" is not an address (') and told.count("\n") == 1
        assert "allowed is host:port, [ipv6]:port, :port or unix:/path" in told


def test_an_address_in_the_environment_is_judged_alike():
    refused = subprocess.run(
        [harness.LARDER, "get", "k"], env=harness.environment(LARDER_ADDR="foo"), capture_output=True, timeout=60)
    assert refused.returncode == 64 and refused.stderr.startswith(b'larder: LARDER_ADDR: "foo" is not an address')


@pytest.mark.parametrize("command, code, words", [
    (["get", "k", "--addr", "192.0.2.1:7070", "--token-file", "TOKEN"], 64, "not sent to 192.0.2.1:7070 in cleartext"),
    (["set", "k", "--file", "/nowhere"], 66, "cannot read /nowhere: no such file or directory"),
    (["get", "k", "--token-file", "/nowhere"], 66, "cannot read /nowhere: no such file or directory"),
    (["load", "/"], 66, "cannot read /: is a directory"),
    (["export", "-o", "/dev/full"], 73, "cannot write /dev/full: no space left on device"),
    (["get", "k", "--timeout", "5x"], 64, "not a time such as 500ms"),
])
def test_what_is_wrong_with_a_file_or_a_time_is_said(server, tmp_path, command, code, words):
    token = tmp_path / "token"
    token.write_text("secret\n")
    failed = run(server, *[str(token) if word == "TOKEN" else word for word in command])
    assert failed.returncode == code and words in failed.stderr.decode(), failed.stderr
    assert failed.stderr.count(b"\n") == 1


@pytest.mark.parametrize("command, limits", [
    ("set k v --flags {}", (0, 2**32 - 1)), ("set k v --if-version {}", (1, 2**64 - 1)),
    ("set k v --new-version {}", (1, 2**64 - 1)), ("delete k --if-version {}", (1, 2**64 - 1)),
    ("load /dev/null --ack-every {}", (0, 2**32 - 1)), ("export --limit {}", (0, 2**64 - 1)),
    ("simulate t --budget 1% --shards {}", (1, 4096)), ("simulate t --budget 1% --seed {}", (0, 2**64 - 1)),
])
def test_a_number_out_of_range_is_refused_with_the_range(command, limits):
    for wrong in [limits[0] - 1, limits[1] + 1, 10**40, "1x"]:
        refused = harness.larder(*command.format(wrong).split())
        assert (refused.returncode, refused.stdout) == (64, b"")
        told = refused.stderr.decode()
        assert f"'{wrong}'" in told and f"whole number from {limits[0]} to {limits[1]}\n" in told


def test_a_time_to_drain_that_is_too_long_is_refused_with_the_limit():
    refused = harness.larder("admin", "drain", "--within", "1194h")
    assert (refused.returncode, refused.stderr) == (64, b"larder: --within: 1194h is over the limit of 1193h\n")


def test_a_drain_within_no_time_is_not_the_servers_own(make_server):
    server = make_server("--drain-timeout", "1h")
    # A call that does not end by itself: the load waits for more.
    loading = subprocess.Popen(
        [harness.LARDER, "load", "-", "--format", "jsonl"], env=harness.environment(LARDER_ADDR=server.address),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        loading.stdin.write(b'{"key": "begun", "value": "v"}\n' * 20_000)
        loading.stdin.flush()
        limit = time.monotonic() + 60
        while run(server, "get", "begun").returncode != 0:
            assert time.monotonic() < limit
        assert run(server, "admin", "drain", "--within", "0").returncode == 0
        assert server.process.wait(timeout=60) == 0
    finally:
        loading.kill()
        loading.communicate()


@pytest.mark.parametrize("command", ["get", "set k --append", "export -o FILE", "load"])
def test_an_argument_that_is_not_utf8_is_refused_and_not_repaired(server, tmp_path, command):
    words = [word.replace("FILE", str(tmp_path / "file")).encode() for word in command.split()]
    refused = subprocess.run(
        [harness.LARDER, *words, b"\xff\xfe"], env=harness.environment(LARDER_ADDR=server.address), capture_output=True,
        timeout=60)
    assert (refused.returncode, refused.stdout) == (64, b"")
    assert refused.stderr == b"larder: argument %d is not UTF-8: bytes of a key are written with --hex, of a value given with --file\n" % (
        len(words) + 1)
    assert list(tmp_path.iterdir()) == []


def test_two_keys_that_are_not_utf8_are_two(server):
    assert run(server, "set", "--hex", "ff", "one").returncode == 0
    assert run(server, "get", "--hex", "fe").returncode == 1


@pytest.mark.parametrize("token", ["two words", "a\x01b", "\u00e9"])
def test_a_token_that_no_header_carries_is_refused_where_it_stands(server, tmp_path, token):
    told = "it does not hold one token of visible ASCII characters\n"
    refused = subprocess.run(
        [harness.LARDER, "get", "k"], env=harness.environment(LARDER_ADDR=server.address, LARDER_TOKEN=token),
        capture_output=True, timeout=60)
    assert (refused.returncode, refused.stderr.decode()) == (64, f"larder: LARDER_TOKEN: {told}")
    file = tmp_path / "token"
    file.write_text(token)
    refused = run(server, "get", "k", "--token-file", str(file))
    assert (refused.returncode, refused.stderr.decode()) == (66, f"larder: cannot read {file}: {told}")


@pytest.mark.parametrize("command", [["load"], ["set", "k"]])
def test_a_terminal_is_not_waited_for_unless_asked(server, command):
    terminal, process_side = pty.openpty()
    try:
        refused = subprocess.run(
            [harness.LARDER, *command], env=harness.environment(LARDER_ADDR=server.address), stdin=process_side,
            capture_output=True, timeout=60)
        assert refused.returncode == 64 and b"standard input" in refused.stderr
    finally:
        os.close(terminal)
        os.close(process_side)


@pytest.mark.parametrize("command", [["get", "long"], ["get", "long", "-o", "json"], ["export"], ["export", "--format", "jsonl"]])
def test_a_command_that_nobody_reads_from_any_more_ends_like_any_other(server, command):
    assert run(server, "set", "long", "-", stdin=b"x" * 3_000_000).returncode == 0
    for is_ignored, code, told in [(False, -signal.SIGPIPE, b""), (True, 73, b"larder: cannot write standard output: broken pipe\n")]:
        process = subprocess.Popen(
            [harness.LARDER, *command], env=harness.environment(LARDER_ADDR=server.address), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, restore_signals=not is_ignored)
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == told
        process.stderr.close()
        assert process.wait(timeout=60) == code


def test_a_file_that_cannot_be_written_is_told_by_its_own_name(server, tmp_path):
    target = tmp_path / "missing" / "cache.larder"
    failed = run(server, "export", "-o", str(target))
    assert (failed.returncode, failed.stderr.decode()) == (
        73, f"larder: cannot write {target}: no such file or directory\n")


def test_what_an_error_quotes_does_not_reach_the_terminal_as_it_is(server):
    name = "/tmp/\x1b[2J\n"
    for command in [["load", name], ["simulate", name, "--budget", "1%"], ["get", "k", "--ca", name], ["get", "k", "--addr", name]]:
        failed = run(server, *command)
        assert failed.returncode in (64, 66) and failed.stderr.count(b"\n") == 1 and b"\x1b" not in failed.stderr
        assert b"\\u{1b}[2J" in failed.stderr


@pytest.mark.parametrize("options", [["--append"], ["--prepend"], ["--if-present"], ["--if-version", "5"]])
def test_a_condition_on_an_item_that_is_not_there_says_so(server, options):
    failed = run(server, "set", "nobody", "v", *options)
    assert (failed.returncode, failed.stderr) == (1, b"larder: condition failed: there is no such item\n")


@pytest.mark.parametrize("names", [["frob"], ["frob", "--help"], ["admin", "frob"]])
def test_what_is_no_command_is_called_so(names):
    refused = harness.larder(*names)
    assert (refused.returncode, refused.stdout, refused.stderr) == (64, b"", b"larder: frob is no command\n")


def test_a_full_standard_output_is_an_error():
    for command in [["serve", "--print-config"], ["serve", "--check-config"], ["--help"], ["help", "get"], ["--version"], []]:
        with open("/dev/full", "wb") as full:
            ended = subprocess.run([harness.LARDER, *command], env=harness.environment(), stdout=full, stderr=subprocess.PIPE, timeout=60)
        assert ended.returncode == 73 and b"cannot write standard output: no space" in ended.stderr, ended.stderr


def test_closed_standard_streams_are_not_the_numbers_of_other_files(tmp_path):
    """A log line, or a result, must not go into a socket that was opened in the place of a closed stream."""
    listening = tmp_path / "larder.sock"
    command = f'exec "{harness.LARDER}" serve --listen unix:{listening} <&- >&- 2>&-'
    process = subprocess.Popen(["sh", "-c", command], env=harness.environment())
    try:
        limit = time.monotonic() + 30
        while not listening.exists():
            assert process.poll() is None and time.monotonic() < limit
            time.sleep(0.02)
        places = {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)}
        assert places == {"/dev/null"}
        assert harness.larder("set", "k", "v", "--addr", f"unix:{listening}").returncode == 0
        told = subprocess.run(
            ["sh", "-c", f'"{harness.LARDER}" get k --addr unix:{listening} <&- >&-'], env=harness.environment(),
            stderr=subprocess.PIPE, timeout=60)
        assert told.returncode == 73 and b"cannot write standard output: bad file descriptor" in told.stderr
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_health_and_limits(server):
    assert run(server, "health").returncode == 0
    limits = json.loads(run(server, "limits", "-o", "json").stdout)
    assert limits["max_key_bytes"] == 1_024
    assert b"1024" in run(server, "limits").stdout.replace(b",", b"")


LINES = {
    "jsonl": b'{"key": "f-1", "value": "one, \\"quoted\\""}\n{"key_hex": "662d32", "value_base64": "/wA="}\n{"key": "f-3", "value": {"a": 1}}\n',
    "csv": b'key,value\nf-1,"one, ""quoted"""\nf-2,two\r\nf-3,"three\nlines"\n',
    "tsv": b"key\tvalue\nf-1\tone\nf-2\ttwo\nf-3\tthree\n",
}


@pytest.mark.parametrize("form", sorted(LINES))
def test_each_format_of_a_load_from_a_file_and_from_stdin(server, tmp_path, form):
    file = tmp_path / f"data.{form}"
    file.write_bytes(LINES[form])
    for loaded in [
        run(server, "load", str(file), "-o", "json", "--no-progress"),
        run(server, "load", "-", "--format", form, "-o", "json", "--no-progress", stdin=LINES[form]),
    ]:
        assert loaded.returncode == 0, loaded.stderr
        assert json.loads(loaded.stdout)["stored"] == 3
    one = run(server, "get", "f-1", "-o", "raw").stdout
    assert one == (b"one" if form == "tsv" else b'one, "quoted"')
    three = run(server, "get", "f-3", "-o", "raw").stdout
    if form == "jsonl":
        assert json.loads(three) == {"a": 1}
    else:
        assert three == {"csv": b"three\nlines", "tsv": b"three"}[form]


@pytest.mark.parametrize("bad, line", [(b'{"key": "a", "value": "1"}\n{"key": \n', b"2"), (b'{"value": "no key"}\n', b"1")])
def test_a_malformed_line_is_named(server, tmp_path, bad, line):
    file = tmp_path / "bad.jsonl"
    file.write_bytes(bad)
    refused = run(server, "load", str(file), "--no-progress")
    assert refused.returncode == 65
    assert b"bad.jsonl" in refused.stderr and line in refused.stderr


def test_resume_skips_what_was_acknowledged(server, tmp_path):
    file = tmp_path / "resume.jsonl"
    file.write_bytes(b"".join(b'{"key": "r-%d", "value": "v"}\n' % i for i in range(1_000)))
    first = run(server, "load", str(file), "--resume", "-o", "json", "--no-progress")
    assert json.loads(first.stdout)["stored"] == 1_000
    again = run(server, "load", str(file), "--resume", "-o", "json", "--no-progress")
    assert again.returncode == 0, again.stderr


def test_help_answers():
    for arguments in [["--help"], ["serve", "--help"], ["load", "--help"], ["--version"]]:
        told = harness.larder(*arguments)
        assert told.returncode == 0 and told.stdout
    serve = harness.larder("serve", "--help").stdout.decode()
    for flag in ["--threads", "--memory", "--max-entries", "--miss-cost", "--max-key-bytes", "--max-value-bytes",
                 "--max-message-bytes", "--listen", "--print-config", "--drain-timeout", "--config"]:
        assert flag in serve


@pytest.mark.parametrize("topic, code", [
    ([], 0), (["serve"], 0), (["admin", "stats"], 0), (["--help"], 0), (["frob"], 64), (["admin", "frob"], 64),
    (["serve", "frob"], 64)])
def test_help_for_what_is_no_command_is_an_error(topic, code):
    told = harness.larder("help", *topic)
    assert told.returncode == code
    if code:
        assert (told.stdout, told.stderr) == (b"", b"larder: help: frob is no command\n")
    else:
        assert b"USAGE: larder" in told.stdout


def flags_of(*command):
    answered = harness.larder(*command, "--help")
    assert answered.returncode == 0 and answered.stdout, command
    return set(re.findall(r"--[a-z][a-z0-9-]+", answered.stdout.decode()))


@pytest.mark.parametrize("verb", [
    "get", "set", "delete", "load", "export", "health", "limits", "admin stats", "admin config", "admin flush",
    "admin drain"])
def test_every_verb_that_calls_a_server_can_do_it_over_tls_and_with_a_token(verb):
    assert {"--addr", "--timeout", "--tls", "--ca", "--cert", "--key", "--server-name", "--token-file"} <= flags_of(*verb.split())


@pytest.mark.parametrize("verb", ["", "serve", "simulate", "token", "admin"])
def test_the_other_verbs_have_help_too(verb):
    assert "--help" in flags_of(*verb.split())


def test_the_readme_has_every_option_and_the_operations_every_counter(server):
    readme = (harness.ROOT / "README.md").read_text()
    assert [flag for flag in sorted(flags_of("serve") - {"--help", "--version"}) if flag not in readme] == []
    printed = run(server, "admin", "stats", "-o", "json")
    operations = (harness.ROOT / "docs/operations.md").read_text()
    names = [name for name in json.loads(printed.stdout) if name.endswith(("_flood", "_timeout", "_memory", "_limit"))]
    assert len(names) > 15 and [name for name in names if f"`{name}`" not in operations] == []


def test_the_configuration_file_of_the_operations_is_right(tmp_path):
    operations = (harness.ROOT / "docs/operations.md").read_text()
    file = tmp_path / "larder.json"
    file.write_text(re.search(r"```json\n(.*?)```", operations, re.DOTALL)[1])
    printed = harness.larder("serve", "--config", str(file), "--print-config")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.count(b"  file\n") == len(re.findall(r'": ["\[]', file.read_text())) == 8


def test_an_export_into_a_pipe_leaves_the_pipe_where_it_is(server, tmp_path):
    assert harness.larder("set", "piped", "value", server=server).returncode == 0
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    exported = harness.larder("export", "-o", str(pipe), "--format", "jsonl", "--prefix", "piped", server=server)
    assert exported.returncode == 0, exported.stderr
    assert b"piped" in os.read(reader, 65_536)
    os.close(reader)
    assert [file.name for file in tmp_path.iterdir()] == ["pipe"] and pipe.is_fifo()


def interrupted(server, *command, number, when, reads=True):
    """Runs a command and sends it a signal once `when` holds and it has a hand for the signal; `reads`: its output."""
    # A run in the background has signals ignored, which a command would keep to.
    process = subprocess.Popen(
        [harness.LARDER, *command], env=harness.environment(LARDER_ADDR=server.address), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))

    def catches():
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return int(re.search(r"SigCgt:\s*([0-9a-f]+)", status)[1], 16) >> (number - 1) & 1

    try:
        deadline = time.monotonic() + 60
        while not (when() and catches()):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        if not reads:
            process.stdout.close()
            process.stdout = None
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, (out or b"").decode(), errors.decode()


@pytest.mark.parametrize("reads", [True, False])
def test_a_load_that_is_interrupted_tells_how_far_it_came(server, tmp_path, reads):
    # Nobody closes the pipe: the load waits for more when the signal comes.
    pipe = tmp_path / "endless.jsonl"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    os.write(writer, b'{"key": "before-the-signal", "value": "v"}\n' * 300)
    code, out, errors = interrupted(
        server, "load", str(pipe), "--resume", "--session", f"interrupted-{reads}", number=signal.SIGINT,
        when=lambda: run(server, "get", "before-the-signal").returncode == 0, reads=reads)
    os.close(writer)
    # What nobody reads ends a process, too, after it has said how to go on.
    assert code == (-signal.SIGINT if reads else -signal.SIGPIPE)
    assert ("acknowledged" in out) == reads and f"go on with: --resume --session interrupted-{reads}" in errors


@pytest.mark.parametrize("call", [["get", "k"], ["health"], ["load", "/dev/null"], ["admin", "stats"]])
def test_a_server_that_says_nothing_is_waited_for_as_long_as_was_said(call):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        late = harness.larder(*call, "--addr", address, "--timeout", "300ms")
    assert late.returncode == 2 and b"DEADLINE_EXCEEDED" in late.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_export_that_is_interrupted_leaves_no_file(make_server, tmp_path, number):
    server = make_server()
    # A server that stands still keeps the export waiting.
    server.process.send_signal(signal.SIGSTOP)
    try:
        code, _, _ = interrupted(
            server, "export", "-o", str(tmp_path / "cache.larder"), number=number,
            when=lambda: any(tmp_path.iterdir()))
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert code == -number and list(tmp_path.iterdir()) == []
