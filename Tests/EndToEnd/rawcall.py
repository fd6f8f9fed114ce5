"""A gRPC call frame by frame: what client libraries hide can be sent and seen."""

import dataclasses
import socket
import struct

import h2.config
import h2.connection
import h2.events


@dataclasses.dataclass
class Answer:
    """Header fields, the messages as (flag, bytes), and trailers; of Trailers-Only both are the same."""

    headers: dict[str, str]
    messages: list[tuple[int, bytes]]
    trailers: dict[str, str]

    @property
    def status(self) -> int:
        return int(self.trailers["grpc-status"])


def framed(message: bytes, flag: int = 0) -> bytes:
    return struct.pack(">BI", flag, len(message)) + message


def call(port: int, path: str, body: bytes, fields: dict[str, str] | None = None, timeout: float = 20) -> Answer:
    """Sends `body`, which is one message or more with their prefixes, and reads the whole answer."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
               "content-type": "application/grpc", "te": "trailers", **(fields or {})}
    stream = connection.get_next_available_stream_id()
    connection.send_headers(stream, list(headers.items()))
    blocks, received, ended = [], b"", False
    with socket.create_connection(("127.0.0.1", port), timeout) as s:
        while not ended:
            while body and (room := min(connection.local_flow_control_window(stream), 16_384)) > 0:
                connection.send_data(stream, body[:room], end_stream=len(body) <= room)
                body = body[room:]
            s.sendall(connection.data_to_send())
            data = s.recv(65_536)
            assert data, "the server closed the connection"
            for event in connection.receive_data(data):
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    blocks.append(dict(event.headers))
                elif isinstance(event, h2.events.DataReceived):
                    received += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, h2.events.StreamEnded):
                    ended = True
                else:
                    assert not isinstance(event, h2.events.StreamReset), f"reset: {event}"
    messages = []
    while received:
        flag, count = struct.unpack(">BI", received[:5])
        assert len(received) >= 5 + count
        messages.append((flag, received[5:5 + count]))
        received = received[5 + count:]
    return Answer(blocks[0], messages, blocks[-1])
