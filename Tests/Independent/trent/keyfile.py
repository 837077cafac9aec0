"""Section 9: key files, and what a key gives in place of a passphrase."""

from dataclasses import dataclass, field

from .encoding import Malformed, Reader, context, padded
from .primitives import expand, extract, random, sha256

MAGIC = b"trent key file v1\n"
LENGTH = 211


@dataclass(frozen=True)
class KeyFile:
    kdc_identity: bytes
    name: str
    key: bytes = field(default_factory=lambda: random(32))
    seed: bytes = field(default_factory=lambda: random(32))

    @classmethod
    def read(cls, content: bytes) -> "KeyFile":
        reader = Reader(content)
        if reader.bytes(len(MAGIC)) != MAGIC:
            raise Malformed("this is no key file")
        found = cls(reader.bytes(32), reader.name(), reader.bytes(32), reader.bytes(32))
        if reader.bytes(32) != sha256(content[:-32]):
            raise Malformed("the checksum of a key file")
        reader.end()
        return found

    def encoded(self) -> bytes:
        content = MAGIC + self.kdc_identity + padded(self.name) + self.key + self.seed
        return content + sha256(content)

    def _halves(self, salt: bytes) -> bytes:
        label = context("trent key file v1", sha256(self.kdc_identity), self.name.encode())
        return expand(extract(salt, self.key), label, 64)

    def digest(self, salt: bytes) -> bytes:
        """What the KDC gets."""
        return self._halves(salt)[:32]

    def device_key(self, salt: bytes) -> bytes:
        """What seals an encrypted copy."""
        return self._halves(salt)[32:]
