"""Section 5.1: frames between peers."""

import socket

from .encoding import Malformed, u8, u24
from .envelope import PATIENCE, read_exactly

FIRST, SECOND, RECORD, CHUNK, LAST_CHUNK = range(1, 6)
LONGEST = {FIRST: 65535, SECOND: 65535, RECORD: 65535, CHUNK: 1048592, LAST_CHUNK: 1048592}


def frame(kind: int, payload: bytes) -> bytes:
    return u8(kind) + u24(len(payload)) + payload


class Closed(Exception):
    """The peer closed the connection where a frame should have begun."""


class Frames:
    """Frames on a connection."""

    def __init__(self, stream: socket.socket):
        self._stream = stream
        stream.settimeout(PATIENCE)

    @classmethod
    def connect(cls, host: str, port: int) -> "Frames":
        return cls(socket.create_connection((host, port), PATIENCE))

    def __enter__(self) -> "Frames":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def send(self, kind: int, payload: bytes) -> None:
        self._stream.sendall(frame(kind, payload))

    def send_header(self, kind: int, length: int) -> None:
        """Announces a frame that does not come."""
        self._stream.sendall(u8(kind) + u24(length))

    def receive(self, *kinds: int) -> tuple[int, bytes]:
        """The next frame, which has to be of one of these types."""
        header = read_exactly(self._stream, 4)
        if header is None:
            raise Closed
        kind, length = header[0], int.from_bytes(header[1:], "big")
        if kind not in kinds or length > LONGEST[kind]:
            raise Malformed(f"a frame of type {kind} with {length} bytes")
        payload = read_exactly(self._stream, length)
        if payload is None:
            raise Malformed("half a frame")
        return kind, payload

    def wait(self, seconds: float) -> None:
        """How long the peer may take from now on."""
        self._stream.settimeout(seconds)

    def is_closed_by_peer(self) -> bool:
        """Whether the peer closes without another byte."""
        return read_exactly(self._stream, 1) is None
