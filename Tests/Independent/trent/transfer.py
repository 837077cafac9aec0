"""Sections 5.5 and 5.6: records about a file, and its chunks."""

from dataclasses import dataclass

from .encoding import Malformed, Reader, lp, u8, u32, u64
from .frames import CHUNK, LAST_CHUNK
from .primitives import expand, extract, open_sealed, random, seal
from .session import Session

OFFER, ANSWER, RECEIPT, ABORT = range(1, 5)
COMPLETE, DECLINED, CANNOT_WRITE, NO_SPACE, TOO_LARGE, BUSY, SOURCE_FAILED, DAMAGED = range(8)
UNKNOWN_SIZE = 2**64 - 1


class Failed(Exception):
    """The transfer ended with a reason other than 0."""

    def __init__(self, reason: int):
        super().__init__(f"reason {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Offer:
    file_key: bytes
    chunk_size: int
    size: int
    name: str

    def encoded(self) -> bytes:
        fields = self.file_key + u32(self.chunk_size) + u64(self.size) + lp(self.name.encode())
        return u8(OFFER) + fields

    @classmethod
    def read(cls, record: bytes) -> "Offer":
        reader = Reader(record)
        if reader.u8() != OFFER:
            raise Malformed("the first record is an offer")
        offer = cls(reader.bytes(32), reader.u32(), reader.u64(), reader.lp().decode("utf-8"))
        reader.end()
        if not 4096 <= offer.chunk_size <= 1048576 or offer.chunk_size & (offer.chunk_size - 1):
            raise Malformed("size of a chunk")
        if len(offer.name.encode()) > 255:
            raise Malformed("length of a file's name")
        return offer


@dataclass(frozen=True)
class Receipt:
    reason: int
    count: int

    def encoded(self) -> bytes:
        return u8(RECEIPT) + u8(self.reason) + u64(self.count)

    @classmethod
    def read(cls, record: bytes) -> "Receipt":
        reader = Reader(record)
        if reader.u8() != RECEIPT:
            raise Malformed("a receipt was expected")
        receipt = cls(reader.u8(), reader.u64())
        reader.end()
        if receipt.reason > DAMAGED:
            raise Malformed("a receipt's reason")
        return receipt


class ChunkStream:
    """The key of a file's chunks, and how the next one is sealed or opened."""

    def __init__(self, session: Session, offer: Offer):
        secret = extract(session.handshake_hash, offer.file_key)
        self._key = expand(secret, lp(b"trent chunk stream v1"), 32)
        self._number = 0

    def _nonce(self, last: bool) -> bytes:
        self._number += 1
        return (self._number - 1).to_bytes(11, "big") + u8(last)

    def seal(self, plaintext: bytes, last: bool) -> bytes:
        return seal(self._key, self._nonce(last), b"", plaintext)

    def open(self, ciphertext: bytes, last: bool) -> bytes:
        return open_sealed(self._key, self._nonce(last), b"", ciphertext)


def pieces(data: bytes, size: int) -> list[bytes]:
    """5.6: every piece full but the last; nothing at all is one empty piece."""
    return [data[start : start + size] for start in range(0, len(data), size)] or [b""]


def offer_file(
    session: Session, data: bytes, name: str, chunk_size: int = 65536, size: int | None = None
) -> Offer:
    """F1 and F2."""
    offer = Offer(random(32), chunk_size, len(data) if size is None else size, name)
    session.send(offer.encoded())
    answer = Reader(session.receive())
    if answer.u8() != ANSWER:
        raise Malformed("an answer was expected")
    reason = answer.u8()
    answer.end()
    if reason:
        raise Failed(reason)
    return offer


def send_file(
    session: Session, data: bytes, name: str, chunk_size: int = 65536, size: int | None = None
) -> Receipt:
    """F1 to F4, A's side; raises unless the receipt says what was sent."""
    offer = offer_file(session, data, name, chunk_size, size)
    stream, parts = ChunkStream(session, offer), pieces(data, chunk_size)
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        session.frames.send(LAST_CHUNK if last else CHUNK, stream.seal(part, last))
    receipt = Receipt.read(session.receive())
    if receipt.reason:
        raise Failed(receipt.reason)
    if receipt.count != len(data):
        raise Failed(DAMAGED)
    return receipt


def accept_offer(session: Session, reason: int = 0) -> Offer:
    """F1 and F2, B's side."""
    offer = Offer.read(session.receive())
    session.send(u8(ANSWER) + u8(reason))
    return offer


def receive_chunks(session: Session, offer: Offer) -> bytes:
    """F3, B's side: the whole file, in memory."""
    stream, data, last = ChunkStream(session, offer), b"", False
    while not last:
        kind, ciphertext = session.frames.receive(CHUNK, LAST_CHUNK)
        last = kind == LAST_CHUNK
        piece = stream.open(ciphertext, last)
        if len(piece) > offer.chunk_size or (not last and len(piece) < offer.chunk_size):
            raise Malformed("length of a chunk")
        if last and not piece and data:
            raise Malformed("an empty chunk after others")
        data += piece
    if offer.size not in (UNKNOWN_SIZE, len(data)):
        raise Malformed("not as many bytes as announced")
    return data


def receive_file(session: Session) -> tuple[Offer, bytes]:
    """F1 to F4, B's side."""
    offer = accept_offer(session)
    data = receive_chunks(session, offer)
    session.send(Receipt(COMPLETE, len(data)).encoded())
    return offer, data
