"""TLS, client certificates, tokens, and what a server refuses to start with."""

import hashlib
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

import grpc
import pytest

import harness
from certificates import Certificates

TOKENS = {"read": "reader-token", "write": "writer-token", "admin": "admin-token"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tokens_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    lines = [f"{hashlib.sha256(t.encode()).hexdigest()} {role}" for role, t in TOKENS.items()]
    lines.append(f"{hashlib.sha256(b'items-only').hexdigest()} write methods=items")
    lines.append(f"{hashlib.sha256(b'elsewhere').hexdigest()} admin namespaces=other")
    path.write_text("# tokens\n" + "\n".join(lines) + "\n")
    return path


def tls_flags(certificates, *more):
    return ["--tls-certificate", certificates.path("server.pem"), "--tls-key", certificates.path("server.key"), *more]


def secure_channel(server, certificates, client=None, authority="authority.pem", **options):
    credentials = grpc.ssl_channel_credentials(
        certificates.read(authority),
        certificates.read(f"{client}.key") if client else None,
        certificates.read(f"{client}.pem") if client else None)
    return grpc.secure_channel(f"localhost:{server.port}", credentials, options=list(options.items()))


def code_of(call, *arguments, **more):
    try:
        call(*arguments, **more, timeout=20)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def bearer(token):
    return [("authorization", f"Bearer {token}")]


def admin_messages():
    import importlib

    return importlib.import_module("larder.v1.admin_pb2")


def waited(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.05)


# ------------------------------------------------------------ TLS


def test_grpcio_speaks_tls_and_large_values_travel_both_ways(make_server, certificates):
    server = make_server(*tls_flags(certificates))
    m = harness.messages()
    with secure_channel(
        server, certificates, **{"grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1}
    ) as channel:
        stub = harness.cache_stub(channel)
        value = bytes(i * 11 % 256 for i in range(3_000_000))
        stub.Set(m.SetRequest(key=b"large", value=value))
        for _ in range(5):
            assert stub.Get(m.GetRequest(key=b"large", max_inline_bytes=8 << 20)).value == value
        for i in range(200):
            stub.Set(m.SetRequest(key=b"%d" % i, value=b"v" * i))
        assert all(stub.Get(m.GetRequest(key=b"%d" % i)).value == b"v" * i for i in range(200))
        calls = [stub.Get.future(m.GetRequest(key=b"large", max_inline_bytes=8 << 20)) for _ in range(20)]
        assert all(call.result().value == value for call in calls)
        entries = sum(len(r.entries) for r in stub.Export(m.ExportRequest()))
        assert entries >= 201


def test_a_client_that_trusts_another_authority_does_not_connect(make_server, certificates):
    server = make_server(*tls_flags(certificates))
    with secure_channel(server, certificates, authority="stranger.pem") as channel:
        assert code_of(harness.cache_stub(channel).Get, harness.messages().GetRequest(key=b"k")) == grpc.StatusCode.UNAVAILABLE
    with harness.channel(server) as cleartext:
        assert code_of(harness.cache_stub(cleartext).Get, harness.messages().GetRequest(key=b"k")) == grpc.StatusCode.UNAVAILABLE


def handshake(server, certificates, alpn, maximum=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=certificates.path("authority.pem"))
    context.maximum_version = maximum
    if alpn:
        context.set_alpn_protocols(alpn)
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as secured:
            return secured.version(), secured.selected_alpn_protocol(), secured.cipher()[0]


@pytest.mark.parametrize("alpn", [None, ["http/1.1"], ["h2c", "http/1.1"]])
def test_a_client_that_does_not_offer_http2_is_told_so(make_server, certificates, alpn):
    server = make_server(*tls_flags(certificates))
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        handshake(server, certificates, alpn)
    assert handshake(server, certificates, ["http/1.1", "h2"])[:2] == ("TLSv1.3", "h2")


def test_tls_1_2_is_for_those_who_ask_for_it_and_with_aead_only(make_server, certificates):
    newest = make_server(*tls_flags(certificates))
    with pytest.raises(ssl.SSLError):
        handshake(newest, certificates, ["h2"], ssl.TLSVersion.TLSv1_2)
    older = make_server(*tls_flags(certificates, "--tls-min-version", "1.2"))
    version, _, cipher = handshake(older, certificates, ["h2"], ssl.TLSVersion.TLSv1_2)
    assert version == "TLSv1.2" and ("GCM" in cipher or "POLY1305" in cipher)
    assert handshake(older, certificates, ["h2"])[0] == "TLSv1.3"


def test_a_handshake_that_does_not_come_on_is_ended(make_server, certificates):
    server = make_server(*tls_flags(certificates))
    with socket.create_connection(("127.0.0.1", server.port), 5) as silent:
        silent.sendall(b"\x16\x03\x01\x02\x00")
        silent.settimeout(60)
        assert silent.recv(1_000) == b""


def test_new_keys_again_and_again_end_the_connection(make_server, certificates):
    server = make_server(*tls_flags(certificates, "--log-level", "debug", "--handshake-timeout", "1h"))
    with subprocess.Popen(
            ["openssl", "s_client", "-connect", server.address, "-alpn", "h2", "-quiet", "-no_ign_eof"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, bufsize=0) as client:
        end = time.monotonic() + 120
        # s_client takes what it reads at once for one command.
        while client.poll() is None and time.monotonic() < end:
            try:
                client.stdin.write(b"k\n")
            except BrokenPipeError:
                break
            time.sleep(0.001)
        client.stdin.close()
        client.wait(20)
    waited(lambda: "new keys too often" in server.log)


def test_the_command_line_checks_the_certificate(make_server, certificates):
    server = make_server(*tls_flags(certificates))
    ca = ["--ca", certificates.path("authority.pem")]
    address = f"localhost:{server.port}"
    assert harness.larder("set", "k", "v", *ca, "--addr", address).returncode == 0
    assert harness.larder("get", "k", *ca, "--addr", address).stdout == b"v"
    assert harness.larder("get", "k", *ca, "--addr", server.address).returncode == 0
    for arguments, code, words in [
        (["--tls"], 3, "not trusted"),
        (["--ca", certificates.path("stranger.pem")], 3, "not trusted"),
        ([*ca, "--server-name", "example.org"], 3, "not trusted"),
        (["--ca", "/nowhere.pem"], 66, "/nowhere.pem: can't be read: no such file"),
    ]:
        run = harness.larder("get", "k", *arguments, "--addr", address)
        assert run.returncode == code, (arguments, run.stderr)
        assert words in run.stderr.decode() and run.stderr.count(b"\n") == 1, (arguments, run.stderr)
    cleartext = harness.larder("get", "k", "--addr", address)
    assert cleartext.returncode == 2 and b"TLS" in cleartext.stderr


# ------------------------------------------------------------ client certificates


def test_the_role_is_in_the_client_certificate(make_server, certificates):
    server = make_server(*tls_flags(certificates, "--tls-client-ca", certificates.path("authority.pem")))
    m, a = harness.messages(), admin_messages()
    want = {
        "reader": ("OK", "PERMISSION_DENIED", "PERMISSION_DENIED"),
        "writer": ("OK", "OK", "PERMISSION_DENIED"),
        "admin": ("OK", "OK", "OK"),
        "plain": ("OK", "OK", "PERMISSION_DENIED"),
    }
    for client, codes in want.items():
        with secure_channel(server, certificates, client) as channel:
            stub, admin = harness.cache_stub(channel), harness.admin_stub(channel)
            got = (
                code_of(stub.Get, m.GetRequest(key=b"k")), code_of(stub.Set, m.SetRequest(key=b"k", value=b"v")),
                code_of(admin.GetStats, a.GetStatsRequest()))
            assert tuple(code.name for code in got) == codes, client
    for client in (None, "other"):
        with secure_channel(server, certificates, client) as channel:
            assert code_of(harness.cache_stub(channel).Get, m.GetRequest(key=b"k")) == grpc.StatusCode.UNAVAILABLE
    ca = ["--ca", certificates.path("authority.pem"), "--addr", f"localhost:{server.port}"]
    mine = ["--cert", certificates.path("writer.pem"), "--key", certificates.path("writer.key")]
    assert harness.larder("set", "k", "v", *ca, *mine).returncode == 0
    assert harness.larder("get", "k", *ca).returncode == 3


def test_a_certificate_without_a_role_has_what_the_setting_says(make_server, certificates):
    server = make_server(*tls_flags(
        certificates, "--tls-client-ca", certificates.path("authority.pem"), "--tls-client-role", "none"))
    m = harness.messages()
    with secure_channel(server, certificates, "plain") as channel:
        assert code_of(harness.cache_stub(channel).Get, m.GetRequest(key=b"k")) == grpc.StatusCode.UNAUTHENTICATED
    with secure_channel(server, certificates, "reader") as channel:
        assert code_of(harness.cache_stub(channel).Get, m.GetRequest(key=b"k")) == grpc.StatusCode.OK


# ------------------------------------------------------------ tokens


def test_roles_of_tokens(make_server, tokens_file):
    server = make_server("--tokens-file", str(tokens_file))
    m, a = harness.messages(), admin_messages()
    with harness.channel(server) as channel:
        stub, admin = harness.cache_stub(channel), harness.admin_stub(channel)
        for token, get, write, export, stats in [
            ("reader-token", "OK", "PERMISSION_DENIED", "OK", "PERMISSION_DENIED"),
            ("writer-token", "OK", "OK", "OK", "PERMISSION_DENIED"),
            ("admin-token", "OK", "OK", "OK", "OK"),
            ("items-only", "OK", "OK", "PERMISSION_DENIED", "PERMISSION_DENIED"),
            ("elsewhere", "PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED"),
        ]:
            metadata = bearer(token)
            got = [
                code_of(stub.Get, m.GetRequest(key=b"k"), metadata=metadata),
                code_of(stub.Set, m.SetRequest(key=b"k", value=b"v"), metadata=metadata),
                code_of(lambda *x, **y: list(stub.Export(*x, **y)), m.ExportRequest(), metadata=metadata),
                code_of(admin.GetStats, a.GetStatsRequest(), metadata=metadata),
            ]
            assert [code.name for code in got] == [get, write, export, stats], token
        with pytest.raises(grpc.RpcError) as refused:
            stub.Set(m.SetRequest(key=b"k", value=b"v"), metadata=bearer("reader-token"))
        assert "larder.v1.CacheService/Set" in refused.value.details() and "write" in refused.value.details()
        assert harness.error_info(refused.value).reason == "ROLE_MISSING"


MALFORMED = [
    [],
    [("authorization", "")],
    [("authorization", "Bearer")],
    [("authorization", "Bearer ")],
    [("authorization", "Basic d3JpdGVyLXRva2Vu")],
    [("authorization", "Bearer wrong")],
    [("authorization", "Bearer  writer-token")],
    [("authorization", "writer-token")],
    [("authorization", "Bearer " + "x" * 2_000)],
    [("authorization", "Bearer wrong"), ("authorization", "Bearer writer-token")],
]


@pytest.mark.parametrize("metadata", MALFORMED)
def test_wrong_credentials_are_refused_by_every_method(make_server, tokens_file, metadata):
    server = make_server("--tokens-file", str(tokens_file))
    m, a = harness.messages(), admin_messages()
    with harness.channel(server) as channel:
        stub, admin = harness.cache_stub(channel), harness.admin_stub(channel)
        calls = [
            lambda: stub.Get(m.GetRequest(key=b"k"), metadata=metadata),
            lambda: stub.Set(m.SetRequest(key=b"k", value=b"v" * 1_000_000), metadata=metadata),
            lambda: stub.Delete(m.DeleteRequest(key=b"k"), metadata=metadata),
            lambda: stub.GetLimits(m.GetLimitsRequest(), metadata=metadata),
            lambda: list(stub.Export(m.ExportRequest(), metadata=metadata)),
            lambda: list(stub.BulkLoad(iter([]), metadata=metadata)),
            lambda: admin.FlushNamespace(a.FlushNamespaceRequest(), metadata=metadata),
            lambda: channel.unary_unary("/no.such/Method")(b"", metadata=metadata),
        ]
        texts = set()
        for call in calls:
            with pytest.raises(grpc.RpcError) as refused:
                call()
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
            texts.add(refused.value.details())
        assert len(texts) == 1
    # Health needs no credentials.
    assert harness.larder("health", server=server).returncode == 0
    assert "token" not in server.log.replace("auth.tokens", "")


def test_a_connection_that_goes_on_without_credentials_is_ended(make_server, tokens_file):
    server = make_server("--tokens-file", str(tokens_file))
    import h2.config
    import h2.connection
    import h2.events

    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        client.initiate_connection()
        raw.settimeout(20)
        sent = 0
        error = None
        while error is None:
            if sent < 60:
                client.send_headers(client.get_next_available_stream_id(), [
                    (":method", "POST"), (":scheme", "http"), (":path", "/larder.v1.CacheService/Get"),
                    (":authority", "x"), ("content-type", "application/grpc"), ("te", "trailers"),
                    ("authorization", f"Bearer guess-{sent}")], end_stream=True)
                sent += 1
            raw.sendall(client.data_to_send())
            received = raw.recv(65_536)
            assert received, "the end is told"
            for event in client.receive_data(received):
                if isinstance(event, h2.events.ConnectionTerminated):
                    error = event.error_code
        assert error == 11  # ENHANCE_YOUR_CALM
        assert 30 <= sent <= 60


def test_the_command_line_makes_tokens_and_shows_them(make_server, tmp_path):
    path, mine = tmp_path / "tokens", tmp_path / "mine"
    path.write_text("# no end of line")
    made = harness.larder("token", "--role", "write", "--add", str(path))
    assert made.returncode == 0, made.stderr
    mine.write_bytes(made.stdout)
    token = made.stdout.decode().strip()
    assert token not in path.read_text() and hashlib.sha256(token.encode()).hexdigest() in path.read_text()
    server = make_server("--tokens-file", str(path))
    assert harness.larder("set", "k", "v", "--token-file", str(mine), server=server).returncode == 0
    without = harness.larder("get", "k", server=server)
    assert without.returncode == 2 and b"credentials" in without.stderr
    both = harness.larder("token", "--role", "read", "--methods", "items").stdout.decode()
    assert re.fullmatch(r"token  larder_\S{43}\nline   [0-9a-f]{64} read methods=items\n", both)
    assert harness.larder("token", "--role", "king").returncode == 64
    assert harness.larder("token", "--methods", "all").returncode == 64


def test_certificates_and_tokens_are_read_again_on_sighup(make_server, certificates, tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    for file in ("server.pem", "server.key"):
        (folder / file).write_bytes(certificates.read(file))
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{hashlib.sha256(b'one').hexdigest()} write\n")
    server = make_server(
        "--tls-certificate", str(folder / "server.pem"), "--tls-key", str(folder / "server.key"),
        "--tokens-file", str(tokens))
    m = harness.messages()

    def serial():
        context = ssl.create_default_context(cafile=certificates.path("authority.pem"))
        context.set_alpn_protocols(["h2"])
        with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as secured:
                return secured.getpeercert()["serialNumber"]

    with secure_channel(server, certificates) as channel:
        get = lambda token: code_of(harness.cache_stub(channel).Get, m.GetRequest(key=b"k"), metadata=bearer(token)).name  # noqa: E731
        assert (get("one"), get("two")) == ("OK", "UNAUTHENTICATED")
        before = serial()
        certificates.make("server", "authority", "DNS:localhost,IP:127.0.0.1", file="newer")
        (folder / "server.pem").write_bytes(certificates.read("newer.pem"))
        server.process.send_signal(signal.SIGHUP)
        waited(lambda: "stay as they were" in server.log)
        assert "tls.key" in server.log
        assert serial() == before and get("one") == "OK"
        (folder / "server.key").write_bytes(certificates.read("newer.key"))
        tokens.write_text("not a line\n")
        server.process.send_signal(signal.SIGHUP)
        waited(lambda: server.log.count("stay as they were") == 2)
        assert "line 1" in server.log and "not a line" not in server.log
        assert serial() == before
        tokens.write_text(f"{hashlib.sha256(b'two').hexdigest()} write\n")
        server.process.send_signal(signal.SIGHUP)
        waited(lambda: "read again" in server.log)
        assert serial() != before
        # The connection is an old one, its calls are not.
        assert (get("one"), get("two")) == ("UNAUTHENTICATED", "OK")


# ------------------------------------------------------------ starting


def test_what_a_server_refuses_to_start_with(certificates, tokens_file, tmp_path):
    tls = tls_flags(certificates)
    empty = tmp_path / "empty"
    empty.touch()
    bad = tmp_path / "bad"
    bad.write_text("# fine\n\n" + "f" * 63 + " write\n")
    port = harness.free_port()
    for flags, words in [
        (["--listen", f":{port}"], ["listen:", f":{port}", "TLS", "credentials", "--insecure-public"]),
        (["--listen", f"127.0.0.1:{port},0.0.0.0:{port}"], ["listen:", "0.0.0.0"]),
        (["--listen", f"[::]:{port}"], ["listen:", "[::]"]),
        (["--listen", f"[::ffff:0.0.0.0]:{port}"], ["listen:", "[::ffff:0.0.0.0]"]),
        (["--listen", f"[::ffff:192.0.2.1]:{port}"], ["listen:", "[::ffff:192.0.2.1]"]),
        (["--listen", f"localhost.example:{port}"], ["listen:", "localhost.example"]),
        (["--listen", f":{port}", *tls], ["listen:", "credentials"]),
        (["--listen", f":{port}", "--tokens-file", str(tokens_file)], ["listen:", "TLS"]),
        (["--admin-listen", f":{port}", "--insecure-public"], ["admin.listen:", "loopback"]),
        (["--tls-certificate", certificates.path("server.pem")], ["tls.key"]),
        (["--tls-key", certificates.path("server.key")], ["tls.certificate"]),
        (["--tls-client-ca", certificates.path("authority.pem")], ["tls.certificate"]),
        (["--tls-certificate", "/nowhere.pem", "--tls-key", certificates.path("server.key")],
         ["tls.certificate: /nowhere.pem: can't be read: no such file"]),
        (["--tls-certificate", certificates.path("server.pem"), "--tls-key", str(tmp_path)], ["tls.key:", str(tmp_path)]),
        (["--tls-certificate", certificates.path("server.key"), "--tls-key", certificates.path("server.key")],
         ["tls.certificate:", "server.key"]),
        (["--tls-certificate", certificates.path("server.pem"), "--tls-key", certificates.path("reader.key")],
         ["tls.key:", "reader.key", "fit"]),
        ([*tls, "--tls-client-ca", certificates.path("server.key")], ["tls.client-ca:", "server.key"]),
        (["--tokens-file", "/nowhere"], ["auth.tokens-file: /nowhere: can't be read"]),
        (["--tokens-file", str(bad)], ["auth.tokens-file:", "line 3", "SHA-256"]),
        (["--tokens-file", str(empty)], ["auth.tokens-file:", "no token"]),
    ]:
        arguments = flags if "--listen" in flags else ["--listen", f"127.0.0.1:{port}", *flags]
        for mode in ([], ["--check-config"]):
            run = harness.larder("serve", *arguments, *mode, timeout=30)
            line = run.stderr.decode()
            assert run.returncode == 78, (arguments, run.returncode, line)
            own = [text for text in line.splitlines() if text.startswith("larder: ")]
            assert len(own) == 1, line
            assert all(word in own[0] for word in words), (words, line)
            assert "f" * 63 not in line


def test_a_guarded_server_may_be_public(certificates, tokens_file):
    run = harness.larder(
        "serve", "--check-config", "--listen", ":1", *tls_flags(certificates), "--tokens-file", str(tokens_file))
    assert run.returncode == 0, run.stderr


# ------------------------------------------------------------ what is told


def test_no_refusal_tells_paths_types_keys_or_tokens(make_server, tokens_file):
    server = make_server("--tokens-file", str(tokens_file), "--max-key-bytes", "64", "--log-level", "trace")
    m, a = harness.messages(), admin_messages()
    details = []
    with harness.channel(server) as channel:
        stub, admin = harness.cache_stub(channel), harness.admin_stub(channel)
        key, good = b"secretkey" * 20, bearer("admin-token")
        for call in [
            lambda: stub.Get(m.GetRequest(key=b"")),
            lambda: stub.Get(m.GetRequest(key=b"k"), metadata=bearer("secretkey")),
            lambda: stub.Get(m.GetRequest(key=key), metadata=good),
            lambda: stub.Get(m.GetRequest(key=b"k", namespace="secretkey"), metadata=good),
            lambda: stub.Set(m.SetRequest(key=key, value=b"v"), metadata=good),
            lambda: stub.Set(m.SetRequest(key=b"k", value=b"v", tags=[b"secretkey"]), metadata=good),
            lambda: stub.Delete(m.DeleteRequest(key=key), metadata=good),
            lambda: stub.Touch(m.TouchRequest(key=b"secretkey"), metadata=good),
            lambda: stub.Set(m.SetRequest(key=b"k", value=b"secretkey"), metadata=bearer("reader-token")),
            lambda: list(stub.Export(m.ExportRequest(cursor=b"secretkey"), metadata=good)),
            lambda: list(stub.BulkLoad(iter([m.BulkLoadRequest()]), metadata=good)),
            lambda: admin.GetStats(a.GetStatsRequest(namespace="secretkey"), metadata=good),
            lambda: admin.FlushNamespace(a.FlushNamespaceRequest(name="secretkey"), metadata=good),
            lambda: admin.UpdateConfig(a.UpdateConfigRequest(settings={"secretkey": "1"}), metadata=good),
            lambda: admin.UpdateConfig(a.UpdateConfigRequest(settings={"cache.memory": "secretkey"}), metadata=good),
            lambda: admin.UpdateConfig(a.UpdateConfigRequest(settings={"threads": "7"}), metadata=good),
            lambda: admin.ListNamespaces(a.ListNamespacesRequest(page_token="secretkey"), metadata=good),
            lambda: admin.ExplainKey(a.ExplainKeyRequest(key=b"secretkey"), metadata=good),
            lambda: admin.Drain(a.DrainRequest()).next(),
            lambda: channel.unary_unary("/larder.v1.CacheService/Get")(b"\xff\xffsecretkey", metadata=good),
        ]:
            with pytest.raises(grpc.RpcError) as refused:
                call()
            info = harness.error_info(refused.value)
            details += [refused.value.details(), *info.metadata.values()]
    assert len(details) >= 20
    for text in details:
        for word in ("secretkey", "-token", str(tokens_file), "/tmp", ".swift", "Optional(", "LarderS", "Swift."):
            assert word not in text, (word, text)
    for word in ("secretkey", *TOKENS.values()):
        assert word not in server.log


# ------------------------------------------------------------ administration


def test_the_administration_over_a_socket_of_its_owner(make_server, tmp_path, tokens_file):
    path = tmp_path / "admin.sock"
    server = make_server("--tokens-file", str(tokens_file), "--admin-listen", f"unix:{path}", "--memory", "64MiB")
    assert path.stat().st_mode & 0o777 == 0o600
    here = ["--addr", f"unix:{path}"]
    assert harness.larder("set", "a", "1", *here).returncode == 0
    stats = harness.larder("admin", "stats", "-o", "json", *here)
    import json

    numbers = json.loads(stats.stdout)
    assert numbers["entries"] == 1 and numbers["sets"] == 1 and numbers["budget_bytes"] == 64 << 20
    assert numbers["resident_bytes"] > 1 << 20 and numbers["connections"] >= 1
    assert numbers["header_list"] == 0
    with harness.channel(server) as channel:
        many = [(f"x-{i}", "") for i in range(200)]
        assert code_of(harness.cache_stub(channel).Get, harness.messages().GetRequest(key=b"k"), metadata=many) \
            == grpc.StatusCode.RESOURCE_EXHAUSTED
    lines = harness.larder("admin", "stats", *here).stdout.decode().splitlines()
    assert ["header_list", "1"] in [line.split() for line in lines]
    assert all("_flood" not in line for line in lines)
    config = harness.larder("admin", "config", *here).stdout.decode()
    rows = {line.split()[0]: line.split()[1:] for line in config.splitlines()[1:]}
    assert rows["cache.memory"] == ["64MiB", "flag", "live"]
    assert rows["threads"][1:] == ["default", "-"]
    changed = harness.larder("admin", "config", "cache.memory=32MiB", "cache.max-entries=10", "log.level=debug", *here)
    assert changed.returncode == 0, changed.stderr
    assert "32MiB" in changed.stdout.decode() and "api" in changed.stdout.decode()
    assert json.loads(harness.larder("admin", "stats", "-o", "json", *here).stdout)["budget_bytes"] == 32 << 20
    for change in ("threads=2", "cache.memory=1", "nothing=1"):
        assert harness.larder("admin", "config", change, *here).returncode == 2
    assert harness.larder("admin", "flush", *here).stdout == b"removed 1\n"
    assert harness.larder("get", "a", *here).returncode == 1
    outside = harness.larder("admin", "flush", server=server)
    assert outside.returncode == 2 and b"credentials" in outside.stderr
    drained = harness.larder("admin", "drain", *here)
    assert drained.returncode == 0, drained.stderr
    assert server.process.wait(20) == 0
    assert "draining" in server.log and "stopped" in server.log


def test_without_credentials_the_administration_is_for_this_machine(make_server, tmp_path):
    assert harness.larder("admin", "stats", server=make_server()).returncode == 0
    apart = make_server("--admin-listen", f"unix:{tmp_path}/a.sock")
    refused = harness.larder("admin", "stats", server=apart)
    assert refused.returncode == 2 and b"role admin" in refused.stderr
    assert harness.larder("set", "k", "v", server=apart).returncode == 0
    port = harness.free_port()
    public = make_server("--insecure-public", "--listen", f"0.0.0.0:{port}")
    assert harness.larder("admin", "stats", "--addr", f"127.0.0.1:{port}").returncode == 2
    assert harness.larder("get", "k", "--addr", f"127.0.0.1:{port}").returncode == 1
    assert harness.larder("admin", "stats", server=public).returncode == 0
