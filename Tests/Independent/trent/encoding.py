"""Sections 1 and 2: integers, length prefixes, names, words, addresses."""

import base64
import ipaddress
import re
from dataclasses import dataclass

from .primitives import sha256

NAME = re.compile(rb"[a-z0-9][a-z0-9._-]{0,63}")


class Malformed(Exception):
    """Bytes that no writer of this protocol sends."""


def u8(value: int) -> bytes:
    return value.to_bytes(1, "big")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def u24(value: int) -> bytes:
    return value.to_bytes(3, "big")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def lp(data: bytes) -> bytes:
    return u16(len(data)) + data


def context(label: str, realm: bytes, *fields: bytes) -> bytes:
    """`ctx` of section 3; the realm id is an argument here, everything else is as on the page."""
    return lp(label.encode("ascii")) + lp(realm) + b"".join(lp(field) for field in fields)


def padded(name: str) -> bytes:
    """2.1: a name in a message."""
    raw = name.encode("ascii")
    return u8(len(raw)) + raw.ljust(64, b"\0")


def optional_name(name: str | None) -> bytes:
    """2.1: a padded name or none."""
    return bytes(65) if name is None else padded(name)


def word(identity: bytes) -> str:
    """2.2: the printable word of a KDC's identity."""
    text = base64.b32encode(identity + sha256(identity)[:4]).decode("ascii")
    return "trent1" + text.rstrip("=").lower()


def identity_of(text: str) -> bytes:
    """2.2 the other way round; it has one spelling only."""
    body = text.removeprefix("trent1").upper()
    data = base64.b32decode(body + "=" * (-len(body) % 8))
    if len(data) != 36 or word(data[:32]) != text:
        raise Malformed("this is no word of an identity")
    return data[:32]


@dataclass(frozen=True)
class Address:
    """2.3."""

    host: str
    port: int

    def encoded(self) -> bytes:
        address = ipaddress.ip_address(self.host)
        return u8(address.version) + address.packed.ljust(16, b"\0") + u16(self.port)


class Reader:
    """Reads a message from its beginning and refuses what is missing, left over or not allowed."""

    def __init__(self, data: bytes):
        self._data = bytes(data)
        self._position = 0

    def bytes(self, count: int) -> bytes:
        if self._position + count > len(self._data):
            raise Malformed("a byte is missing")
        self._position += count
        return self._data[self._position - count : self._position]

    def _integer(self, count: int) -> int:
        return int.from_bytes(self.bytes(count), "big")

    def u8(self) -> int:
        return self._integer(1)

    def u16(self) -> int:
        return self._integer(2)

    def u32(self) -> int:
        return self._integer(4)

    def u64(self) -> int:
        return self._integer(8)

    def lp(self) -> bytes:
        return self.bytes(self.u16())

    def name(self) -> str:
        length = self.u8()
        field = self.bytes(64)
        name = field[:length]
        if length > 64 or not NAME.fullmatch(name) or any(field[length:]):
            raise Malformed("this is no name")
        return name.decode("ascii")

    def optional_name(self) -> str | None:
        field = self.bytes(65)
        return Reader(field).name() if any(field) else None

    def address(self) -> Address:
        family, field, port = self.u8(), self.bytes(16), self.u16()
        if family == 4 and not any(field[4:]):
            return Address(str(ipaddress.IPv4Address(field[:4])), port)
        if family == 6 and ipaddress.IPv6Address(field).ipv4_mapped is None:
            return Address(str(ipaddress.IPv6Address(field)), port)
        raise Malformed("this is no address")

    def addresses(self, most: int) -> list[Address]:
        count = self.u8()
        if count > most:
            raise Malformed("too many addresses")
        return [self.address() for _ in range(count)]

    def rest(self) -> bytes:
        return self.bytes(len(self._data) - self._position)

    @property
    def at_end(self) -> bool:
        return self._position == len(self._data)

    def end(self) -> None:
        if not self.at_end:
            raise Malformed("a byte is left over")
