"""An HTTP/2 client that sends whatever it is told to, frame by frame, and checks nothing on the way.

What is read is kept: every frame in `seen`, and per stream an `Answer`. Reading waits for a condition, never for
a time; `LIMIT` only bounds how long a server that does not answer can hold a test up.
"""

import dataclasses
import socket
import struct
import time
from collections.abc import Callable

import hpack
from hyperframe import frame as frames

LIMIT = 20.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
WITH_PRIORITY = 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, \
    REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(12)

WINDOW_MAX = 2**31 - 1


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"", *, length: int | None = None) -> bytes:
    """Any frame, right or wrong: `length` is what its head says, if that is not the payload's."""
    size = len(payload) if length is None else length
    return size.to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*entries: tuple[int, int]) -> bytes:
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *entry) for entry in entries))


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def rst_stream(stream: int, code: int = CANCEL) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def goaway(last_stream: int = 0, code: int = NO_ERROR, debug: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, 0, struct.pack(">II", last_stream, code) + debug)


def data(stream: int, payload: bytes = b"", *, end: bool = False) -> bytes:
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def message(body: bytes = b"", flag: int = 0, length: int | None = None) -> bytes:
    """One gRPC message behind its prefix, right or wrong."""
    return bytes([flag]) + (len(body) if length is None else length).to_bytes(4, "big") + body


def literal(name: str, value: str | bytes) -> bytes:
    """One header field as HPACK's plainest form: not indexed, not compressed, not checked."""
    key = name.encode("latin-1")
    value = value.encode("latin-1") if isinstance(value, str) else value
    return b"\x00" + integer(len(key), 7) + key + integer(len(value), 7) + value


def integer(value: int, bits: int, first: int = 0) -> bytes:
    """An integer as HPACK writes it, behind a prefix of `8 - bits` bits."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out = bytearray([first | most])
    value -= most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def block(fields: list[tuple[str, str | bytes]]) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)


def count_settings(sent: bytes) -> int:
    """The SETTINGS among whole frames that begin with the bytes."""
    count, at = 0, 0
    while len(sent) - at >= 9:
        count += sent[at + 3] == SETTINGS and not sent[at + 4] & ACK
        at += 9 + int.from_bytes(sent[at:at + 3], "big")
    return count


def call_fields(path: str = "/larder.v1.CacheService/Get", **changes: str | bytes | None) -> list[tuple[str, str | bytes]]:
    """The headers of a good call; a change names a field with `_` for `-` (and `:method` as `method`), None drops it."""
    fields: dict[str, str | bytes | None] = {
        ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
        "content-type": "application/grpc", "te": "trailers",
    }
    for name, value in changes.items():
        pseudo = ":" + name
        fields[pseudo if pseudo in fields else name.replace("_", "-")] = value
    return [(name, value) for name, value in fields.items() if value is not None]


def request_headers(stream: int, method: str, flags: int = END_HEADERS) -> bytes:
    """HEADERS of a good call of the cache's service."""
    return frame(HEADERS, flags, stream, block(call_fields(f"/larder.v1.CacheService/{method}")))


def request(stream: int, method: str, body: bytes) -> bytes:
    return request_headers(stream, method) + data(stream, message(body), end=True)


@dataclasses.dataclass
class Answer:
    """What came on one stream."""

    lists: list[list[tuple[str, str]]] = dataclasses.field(default_factory=list)
    data: bytes = b""
    data_frames: int = 0
    ended: bool = False
    reset: int | None = None

    @property
    def is_over(self) -> bool:
        return self.ended or self.reset is not None

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.lists[0]) if self.lists else {}

    @property
    def trailers(self) -> dict[str, str]:
        return dict(self.lists[-1]) if self.lists else {}

    @property
    def http(self) -> int:
        return int(self.headers[":status"])

    @property
    def grpc(self) -> int | None:
        """The status of the call, from the list that ended the stream."""
        status = self.trailers.get("grpc-status") if self.ended else None
        return None if status is None else int(status)

    @property
    def is_trailers_only(self) -> bool:
        return self.ended and len(self.lists) == 1 and not self.data_frames

    @property
    def messages(self) -> list[bytes]:
        return [body for _, body in self.flagged_messages]

    @property
    def flagged_messages(self) -> list[tuple[int, bytes]]:
        out, rest = [], self.data
        while rest:
            size = int.from_bytes(rest[1:5], "big")
            assert len(rest) >= 5 + size
            out.append((rest[0], rest[5:5 + size]))
            rest = rest[5 + size:]
        return out


class Raw:
    """One connection."""

    def __init__(self, port: int, *entries: tuple[int, int], preface: bytes | None = None, acknowledges: bool = True):
        """Begins with the preface and SETTINGS of `entries`; or with `preface` and nothing else."""
        self.acknowledges = acknowledges
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = hpack.Decoder(max_header_list_size=1 << 20)
        self.buffer = b""
        self.seen: list[frames.Frame] = []
        self.answers: dict[int, Answer] = {}
        self.is_closed = False
        self.server_settings: dict[int, int] | None = None
        self.acknowledged = 0
        self.pongs: list[bytes] = []
        self.goaways: list[frames.GoAwayFrame] = []
        # SETTINGS that the server owes an acknowledgement.
        self.announced = 0
        self.send(PREFACE + settings(*entries) if preface is None else preface)

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *exception) -> None:
        self.socket.close()

    # What is sent

    def send(self, *parts: bytes) -> None:
        """A server that has closed the connection is found out about when it is read from."""
        sent = b"".join(parts)
        self.announced += count_settings(sent.removeprefix(PREFACE))
        try:
            self.socket.sendall(sent)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def request(self, stream: int, fields: list[tuple[str, str | bytes]] | None = None, body: bytes | None = None, *,
                end: bool = True) -> None:
        """HEADERS and, with a body, DATA of at most 16 KiB a frame."""
        fields = call_fields() if fields is None else fields
        ends_here = END_STREAM if end and body is None else 0
        parts = [frame(HEADERS, END_HEADERS | ends_here, stream, block(fields))]
        if body is not None:
            chunks = [body[at:at + 16_384] for at in range(0, len(body), 16_384)] or [b""]
            parts += [data(stream, chunk, end=end and number == len(chunks) - 1) for number, chunk in enumerate(chunks)]
        self.send(*parts)

    # What is read

    def read(self) -> frames.Frame | None:
        """The next frame; None when the server has closed the connection."""
        while not self.is_closed:
            if len(self.buffer) >= 9:
                found, length = frames.Frame.parse_frame_header(memoryview(self.buffer[:9]))
                if len(self.buffer) >= 9 + length:
                    found.parse_body(memoryview(self.buffer[9:9 + length]))
                    self.buffer = self.buffer[9 + length:]
                    self.note(found)
                    return found
            self.socket.settimeout(LIMIT)
            try:
                got = self.socket.recv(1 << 16)
            except ConnectionResetError:
                got = b""
            self.buffer += got
            self.is_closed = not got
        return None

    def note(self, found: frames.Frame) -> None:
        self.seen.append(found)
        answer = self.answers.setdefault(found.stream_id, Answer()) if found.stream_id else Answer()
        match found:
            case frames.SettingsFrame():
                if "ACK" in found.flags:
                    self.acknowledged += 1
                else:
                    self.server_settings = dict(found.settings)
                    if self.acknowledges:
                        self.send(frame(SETTINGS, ACK))
            case frames.PingFrame():
                if "ACK" in found.flags:
                    self.pongs.append(found.opaque_data)
                else:
                    self.send(frame(PING, ACK, 0, found.opaque_data))
            case frames.GoAwayFrame():
                self.goaways.append(found)
            case frames.HeadersFrame():
                # Header blocks that the server sends fit into one frame.
                assert "END_HEADERS" in found.flags
                answer.lists.append([(str(n), str(v)) for n, v in self.decoder.decode(found.data)])
            case frames.DataFrame():
                answer.data += found.data
                answer.data_frames += 1
            case frames.RstStreamFrame():
                answer.reset = found.error_code
        if "END_STREAM" in found.flags:
            answer.ended = True

    def until(self, condition: Callable[[], object]) -> bool:
        """Reads until it holds. False: the connection was closed before."""
        limit = time.monotonic() + LIMIT
        while not condition():
            if self.read() is None:
                return bool(condition())
            assert time.monotonic() < limit, f"the server keeps talking beside the point: {self.seen[-5:]}"
        return True

    def answer(self, stream: int) -> Answer:
        """What came on the stream once it is over, one way or the other."""
        self.until(lambda: stream in self.answers and self.answers[stream].is_over)
        return self.answers.get(stream, Answer())

    def begun(self, stream: int) -> Answer:
        """What came on the stream once anything has."""
        self.until(lambda: stream in self.answers)
        return self.answers.get(stream, Answer())

    def settle(self) -> bool:
        """Reads all that the server had to say to what was sent so far. False: it has closed.

        By two SETTINGS, one after the other: an acknowledgement may overtake other answers of the same read. PINGs
        would do as well, but a server counts those that come without a call.
        """
        for _ in range(2):
            self.send(settings())
            if not self.until(lambda: self.acknowledged >= self.announced):
                return False
        return True

    def call(self, stream: int, path: str, body: bytes | None, *, end: bool = True, **changes: str | bytes | None) -> Answer:
        """A whole call and its answer."""
        self.request(stream, call_fields(path, **changes), body, end=end)
        return self.answer(stream)


def call(port: int, path: str, body: bytes, fields: dict[str, str] | None = None) -> Answer:
    """One call on a connection of its own, with all the window it may want; `body` is messages with their prefixes."""
    with Raw(port, (INITIAL_WINDOW_SIZE, WINDOW_MAX)) as connection:
        connection.send(window_update(0, WINDOW_MAX - 65_535))
        # From here on the server's windows hold, which are wider than those that HTTP/2 begins with.
        assert connection.settle()
        connection.request(1, call_fields(path) + list((fields or {}).items()), body)
        answer = connection.answer(1)
    assert answer.ended, answer
    return answer


class RawConnection:
    """The cheaper half of `Raw`: says the preface and SETTINGS (of `window` bytes for each stream), acknowledges the
    server's, and keeps nothing of what it reads."""

    def __init__(self, port: int, window: int = 65_535, receive_buffer: int | None = None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""
        self.socket.sendall(
            PREFACE + settings((INITIAL_WINDOW_SIZE, window)) + frame(SETTINGS, ACK))

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
