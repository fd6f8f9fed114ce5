"""An HTTP/2 client made of raw frames: it does what it is told to, however bad, and costs little."""

import socket

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name: int, value: bytes) -> bytes:
    """A field with a name of HPACK's static table, not indexed."""
    return (bytes([name]) if name < 15 else bytes([15, name - 15])) + bytes([len(value)]) + value


def request_headers(stream: int, method: str, flags: int = END_HEADERS) -> bytes:
    path = f"/larder.v1.CacheService/{method}".encode()
    block = b"\x83\x86" + literal(4, path) + literal(1, b"localhost") + literal(31, b"application/grpc")
    return frame(HEADERS, flags, stream, block + b"\x00\x02te\x08trailers")


def message(body: bytes) -> bytes:
    return b"\0" + len(body).to_bytes(4, "big") + body


def request(stream: int, method: str, body: bytes) -> bytes:
    return request_headers(stream, method) + frame(DATA, END_STREAM, stream, message(body))


class RawConnection:
    """Says the preface and SETTINGS (of `window` bytes for each stream) and acknowledges the server's."""

    def __init__(self, port: int, window: int = 65_535, receive_buffer: int | None = None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""
        self.socket.sendall(
            PREFACE + frame(SETTINGS, 0, 0, b"\0\4" + window.to_bytes(4, "big")) + frame(SETTINGS, ACK, 0))

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def frames(self):
        """The server's frames as (kind, flags, stream, payload), until it closes the connection."""
        while True:
            while len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) < 9 + length:
                    break
                head, payload = self.buffer[:9], self.buffer[9:9 + length]
                self.buffer = self.buffer[9 + length:]
                yield head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFF_FFFF, payload
            try:
                data = self.socket.recv(65_536)
            except ConnectionError:
                return
            if not data:
                return
            self.buffer += data

    def until_end_of(self, stream: int) -> None:
        for _, flags, of, _ in self.frames_of((DATA, HEADERS)):
            if of == stream and flags & END_STREAM:
                return
        raise AssertionError("the connection ended before the call did")

    def frames_of(self, kinds):
        return (found for found in self.frames() if found[0] in kinds)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
