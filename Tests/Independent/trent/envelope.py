"""Section 4.1: message types, TCP and UDP."""

import socket
from contextlib import suppress

from .encoding import Malformed, u8, u16

VERSION = 1
EPOCH_REQUEST, EPOCH_REPLY, SEALED_REQUEST, SEALED_REPLY = 1, 2, 3, 4
GRANTING_REQUEST, GRANTING_REPLY, FAILURE = 5, 6, 8
LARGEST_TCP, LARGEST_UDP = 4096, 1232
PATIENCE = 10.0


class Failure(Exception):
    """The KDC's Failure message."""

    def __init__(self, code: int):
        super().__init__(f"Failure {code}")
        self.code = code


def message(kind: int, fields: bytes = b"") -> bytes:
    return u8(VERSION) + u8(kind) + fields


def fields_of(data: bytes, kind: int) -> bytes:
    """The fields of a message that must be of this type; a Failure is raised."""
    if data[:1] == u8(VERSION) and data[1:2] == u8(FAILURE) and len(data) == 3:
        raise Failure(data[2])
    if data[:2] != message(kind):
        raise Malformed(f"not a message of type {kind}")
    return data[2:]


def read_exactly(stream: socket.socket, count: int) -> bytes | None:
    """That many bytes, or None once the other side has closed the connection."""
    data = b""
    with suppress(ConnectionError):
        while len(data) < count:
            piece = stream.recv(count - len(data))
            if not piece:
                return None
            data += piece
        return data
    return None


class Connection:
    """One TCP connection to a KDC."""

    def __init__(self, host: str, port: int):
        self._stream = socket.create_connection((host, port), PATIENCE)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def send(self, data: bytes) -> None:
        self.send_raw(u16(len(data)) + data)

    def send_raw(self, data: bytes) -> None:
        self._stream.sendall(data)

    def own_port(self) -> int:
        return self._stream.getsockname()[1]

    def receive(self) -> bytes | None:
        """The next message; None when the KDC has closed the connection."""
        length = read_exactly(self._stream, 2)
        if length is None:
            return None
        count = int.from_bytes(length, "big")
        if not 1 <= count <= LARGEST_TCP:
            raise Malformed("length of a message")
        return read_exactly(self._stream, count)

    def ask(self, data: bytes) -> bytes | None:
        self.send(data)
        return self.receive()


class Datagrams:
    """A UDP socket towards a KDC."""

    def __init__(self, host: str, port: int):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((host, port))

    def __enter__(self) -> "Datagrams":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def own_port(self) -> int:
        return self._socket.getsockname()[1]

    def ask(self, data: bytes, patience: float = PATIENCE) -> bytes | None:
        """The next datagram; None after silence of `patience` seconds."""
        self._socket.settimeout(patience)
        self._socket.send(data)
        try:
            return self._socket.recv(65536)
        except TimeoutError:
            return None
