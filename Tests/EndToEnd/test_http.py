"""Requests that are not gRPC, on the same port: short answers with a body, and 200 for a health check."""

import socket
import subprocess

import pytest

import harness


def http2(server, path, method="GET", *headers):
    """One request over HTTP/2 with prior knowledge, by curl."""
    flags = [x for h in headers for x in ("-H", h)]
    body = ["--data-binary", "x"] if method == "POST" else []
    out = subprocess.run(
        ["curl", "-s", "--http2-prior-knowledge", "-X", method, "-w", "\n%{http_code}", *flags, *body,
         "--max-time", "10", f"http://{server.address}{path}"],
        capture_output=True, text=True, timeout=20)
    assert out.returncode == 0, out.stderr
    text, code = out.stdout.rsplit("\n", 1)
    return int(code), text


def test_healthz(server):
    code, body = http2(server, "/healthz")
    assert code == 200 and len(body) >= 5


@pytest.mark.parametrize("method, headers, code", [
    ("GET", [], 405),
    ("PUT", [], 405),
    ("POST", ["content-type: text/html"], 415),
    ("POST", ["content-type: application/grpcfoo"], 415),
    ("POST", ["content-type: application/json"], 415),
])
def test_what_is_not_grpc_gets_a_status_and_a_body(server, method, headers, code):
    got, body = http2(server, "/larder.v1.CacheService/Get", method, *headers)
    assert got == code and len(body) >= 5


def test_http_1_is_closed_and_the_server_lives(server):
    with socket.create_connection(("127.0.0.1", server.port), 5) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        s.settimeout(10)
        while s.recv(4096):
            pass
    assert http2(server, "/healthz")[0] == 200


def test_garbage_harms_nobody(server):
    for garbage in [b"\x00" * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1_000, bytes(range(256)) * 40]:
        with socket.create_connection(("127.0.0.1", server.port), 5) as s:
            s.sendall(garbage)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(10)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert http2(server, "/healthz")[0] == 200
