"""Section 8: encrypted copies, under a key file."""

from .encoding import Malformed, Reader, context, lp, u8
from .keyfile import KeyFile
from .primitives import expand, extract, open_sealed, open_with_nonce, sha256

MAGIC = b"trent sealed copy v1\n"
HEAD, SEALED_KEY, TAG = 211, 60, 16
UNDER_KEY_FILE = 2


def open_copy(content: bytes, key: KeyFile) -> bytes:
    """The file that was received."""
    head = content[:HEAD]
    reader = Reader(head)
    if reader.bytes(len(MAGIC)) != MAGIC or reader.u8() != UNDER_KEY_FILE:
        raise Malformed("this is no copy under a key file")
    if any(reader.bytes(12)):
        raise Malformed("a key file has no parameters")
    salt, realm, owner, chunk_size = reader.bytes(16), reader.bytes(32), reader.name(), reader.u32()
    if owner != key.name or realm != sha256(key.kdc_identity):
        raise Malformed("somebody else's copy")
    wrapping = expand(
        key.device_key(salt), context("trent sealed copy v1", realm, owner.encode()), 32
    )
    file_key = open_with_nonce(wrapping, head[:-SEALED_KEY], reader.bytes(SEALED_KEY))
    reader.end()
    stream = expand(extract(sha256(head), file_key), lp(b"trent chunk stream v1"), 32)
    rest, size = content[HEAD:], chunk_size + TAG
    parts = [rest[start : start + size] for start in range(0, len(rest), size)]
    data = b""
    for number, part in enumerate(parts):
        nonce = number.to_bytes(11, "big") + u8(number == len(parts) - 1)
        data += open_sealed(stream, nonce, b"", part)
    return data
