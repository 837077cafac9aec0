"""Sections 5.5 and 5.6: records about a file, and its chunks."""

import unicodedata
from dataclasses import dataclass

from .encoding import Malformed, Reader, lp, u8, u16, u32, u64
from .frames import CHUNK, LAST_CHUNK
from .primitives import expand, extract, open_sealed, random, seal, sha256
from .session import Session

OFFER, ANSWER, RECEIPT, ABORT, ENTRIES, START = range(1, 7)
COMPLETE, DECLINED, CANNOT_WRITE, NO_SPACE, TOO_LARGE, BUSY, SOURCE_FAILED, DAMAGED = range(8)
UNACCEPTABLE, EXISTS, ONE_FILE_ONLY, NAME_TOO_LONG, NOT_WRITABLE, PROGRAM_STOPPED = range(8, 14)
FILES, STREAM, TEXT = range(1, 4)
FILE, FOLDER, LINK = range(1, 4)
UNKNOWN_SIZE = 2**64 - 1
ENTRY_LIMIT, LIST_LIMIT, TEXT_LIMIT = 100_000, 16 << 20, 65536
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    device + digit for device in ("com", "lpt") for digit in "0123456789¹²³"
}


class Failed(Exception):
    """The transfer ended with a reason other than 0."""

    def __init__(self, reason: int):
        super().__init__(f"reason {reason}")
        self.reason = reason


def is_name(name: str) -> bool:
    """5.5: a clean name. (Default-ignorable letters are beyond Python's tables: the usual ones.)"""
    if not 1 <= len(name.encode()) <= 255 or unicodedata.normalize("NFC", name) != name:
        return False
    if any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs") for c in name):
        return False
    if any(c in "/\\:\ufffd\u3164\u115f\u1160\uffa0\u034f" for c in name):
        return False
    if any("\ufe00" <= c <= "\ufe0f" for c in name):
        return False
    if any(unicodedata.category(c) == "Zs" for c in (name[0], name[-1])) or name[-1] == ".":
        return False
    lower = name.lower()
    if lower.startswith(".trent-") and lower.endswith(".partial"):
        return False
    return lower.split(".")[0].rstrip(" .") not in DEVICES


@dataclass(frozen=True)
class Entry:
    kind: int
    mode: int
    modified: int
    size: int
    path: str
    target: str = ""

    def encoded(self) -> bytes:
        fields = u8(self.kind) + u16(self.mode) + u64(self.modified) + u64(self.size)
        fields += lp(self.path.encode())
        return fields + lp(self.target.encode()) if self.kind == LINK else fields

    @property
    def names(self) -> list[bytes]:
        return [name.encode() for name in self.path.split("/")]

    @classmethod
    def read(cls, reader: Reader) -> "Entry":
        kind, mode, modified, size = reader.u8(), reader.u16(), reader.u64(), reader.u64()
        path = reader.lp().decode("utf-8")
        target = reader.lp().decode("utf-8") if kind == LINK else ""
        entry = cls(kind, mode, modified, size, path, target)
        if kind not in (FILE, FOLDER, LINK) or mode > 0o777 or (kind == LINK and mode):
            raise Malformed("kind or permissions of an entry")
        if kind != FILE and size:
            raise Malformed("size of a folder or a link")
        parts = path.split("/")
        if len(path.encode()) > 4096 or len(parts) > 64 or not all(map(is_name, parts)):
            raise Malformed("a path")
        return entry


def judge_list(content: int, total: int, entries: list[Entry]) -> None:
    """5.5: raises unless the list is acceptable."""
    folders = {entry.path for entry in entries if entry.kind == FOLDER}
    if any(one.names >= two.names for one, two in zip(entries, entries[1:], strict=False)):
        raise Malformed("order of entries")
    if sum(len(entry.encoded()) for entry in entries) > LIST_LIMIT:
        raise Malformed("length of the list")
    for entry in entries:
        parent = entry.path.rpartition("/")[0]
        if parent and parent not in folders:
            raise Malformed("an entry in no folder")
        if entry.kind == LINK:
            judge_link(entry, folders)
    if content == FILES:
        if sum(entry.size for entry in entries) != total or total == UNKNOWN_SIZE:
            raise Malformed("sizes")
    elif len(entries) != 1 or entries[0].kind != FILE or entries[0].size != total:
        raise Malformed("a stream or a text")


def judge_link(link: Entry, folders: set[str]) -> None:
    place = link.path.split("/")[:-1]
    for step in link.target.split("/"):
        if "/".join(place) not in folders:
            raise Malformed("a link through what is no folder")
        if step == "..":
            place.pop()
        elif step != ".":
            if not is_name(step):
                raise Malformed("a link's target")
            place.append(step)
        if not place:
            raise Malformed("a link that leads out")


@dataclass(frozen=True)
class Offer:
    file_key: bytes
    chunk_size: int
    size: int
    content: int = FILES
    count: int = 1

    def encoded(self) -> bytes:
        fields = self.file_key + u32(self.chunk_size) + u8(self.content)
        return u8(OFFER) + fields + u32(self.count) + u64(self.size)

    @classmethod
    def read(cls, record: bytes) -> "Offer":
        reader = Reader(record)
        if reader.u8() != OFFER:
            raise Malformed("the first record is an offer")
        key, chunk_size, content = reader.bytes(32), reader.u32(), reader.u8()
        offer = cls(key, chunk_size, content=content, count=reader.u32(), size=reader.u64())
        reader.end()
        if not 4096 <= chunk_size <= 1048576 or chunk_size & (chunk_size - 1):
            raise Malformed("size of a chunk")
        if content not in (FILES, STREAM, TEXT) or not 1 <= offer.count <= ENTRY_LIMIT:
            raise Malformed("content or number of entries")
        if (offer.size == UNKNOWN_SIZE) != (content == STREAM):
            raise Malformed("total size")
        if content != FILES and offer.count != 1 or content == TEXT and offer.size > TEXT_LIMIT:
            raise Malformed("a stream or a text")
        return offer


@dataclass(frozen=True)
class Receipt:
    reason: int
    count: int
    status: int = 0

    def encoded(self) -> bytes:
        return u8(RECEIPT) + u8(self.reason) + u64(self.count) + u8(self.status)

    @classmethod
    def read(cls, record: bytes) -> "Receipt":
        reader = Reader(record)
        if reader.u8() != RECEIPT:
            raise Malformed("a receipt was expected")
        receipt = cls(reader.u8(), reader.u64(), reader.u8())
        reader.end()
        if receipt.reason > PROGRAM_STOPPED or (
            receipt.reason not in (COMPLETE, PROGRAM_STOPPED) and receipt.status
        ):
            raise Malformed("a receipt")
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


def one_file(name: str, size: int) -> list[Entry]:
    return [Entry(FILE, 0o644, 1_700_000_000_000, size, name)]


def batch(entries: list[Entry]) -> bytes:
    return u8(ENTRIES) + u16(len(entries)) + b"".join(entry.encoded() for entry in entries)


def offer_entries(
    session: Session, entries: list[Entry], content: int = FILES, chunk_size: int = 65536
) -> tuple[Offer, int, bytes]:
    """F1 and the answer of F2: the offer, and how much B has."""
    size = UNKNOWN_SIZE if content == STREAM else sum(entry.size for entry in entries)
    offer = Offer(random(32), chunk_size, size, content, len(entries))
    session.send(offer.encoded())
    for start in range(0, len(entries), 10):
        session.send(batch(entries[start : start + 10]))
    answer = Reader(session.receive())
    if answer.u8() != ANSWER:
        raise Malformed("an answer was expected")
    reason = answer.u8()
    if reason:
        answer.end()
        raise Failed(reason)
    offset, digest = answer.u64(), answer.bytes(32)
    answer.end()
    if offset > (size if content == FILES else 0) or (not offset and any(digest)):
        raise Malformed("an answer")
    return offer, offset, digest


def offer_file(
    session: Session, data: bytes, name: str, chunk_size: int = 65536, size: int | None = None
) -> Offer:
    """F1 and F2, from the beginning whatever B has."""
    entries = one_file(name, len(data) if size is None else size)
    offer, _, _ = offer_entries(session, entries, FILES, chunk_size)
    session.send(u8(START) + u64(0))
    return offer


def send_chunks(session: Session, offer: Offer, data: bytes) -> None:
    stream, parts = ChunkStream(session, offer), pieces(data, offer.chunk_size)
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        session.frames.send(LAST_CHUNK if last else CHUNK, stream.seal(part, last))


def send_entries(
    session: Session,
    entries: list[Entry],
    data: bytes,
    content: int = FILES,
    chunk_size: int = 65536,
) -> tuple[Receipt, int]:
    """F1 to F4, A's side, going on with what B has; raises unless the receipt says it all came."""
    offer, offset, digest = offer_entries(session, entries, content, chunk_size)
    start = offset if sha256(data[:offset]) == digest else 0
    session.send(u8(START) + u64(start))
    send_chunks(session, offer, data[start:])
    receipt = Receipt.read(session.receive())
    if receipt.reason:
        raise Failed(receipt.reason)
    if receipt.count != len(data) or receipt.status:
        raise Failed(DAMAGED)
    return receipt, start


def send_file(
    session: Session, data: bytes, name: str, chunk_size: int = 65536, content: int = FILES
) -> Receipt:
    size = UNKNOWN_SIZE if content == STREAM else len(data)
    return send_entries(session, one_file(name, size), data, content, chunk_size)[0]


def take_list(session: Session) -> tuple[Offer, list[Entry]]:
    """F1, B's side."""
    offer, entries = Offer.read(session.receive()), []
    while len(entries) < offer.count:
        reader = Reader(session.receive())
        if reader.u8() != ENTRIES:
            raise Malformed("entries were expected")
        count = reader.u16()
        if not 1 <= count <= offer.count - len(entries):
            raise Malformed("number of entries")
        entries += [Entry.read(reader) for _ in range(count)]
        reader.end()
    judge_list(offer.content, offer.size, entries)
    return offer, entries


def answer_offer(
    session: Session, have: bytes = b""
) -> tuple[Offer, list[Entry], int]:
    """F1 and F2, B's side: the offer, its list, and where A starts."""
    offer, entries = take_list(session)
    digest = sha256(have) if have else bytes(32)
    session.send(u8(ANSWER) + u8(0) + u64(len(have)) + digest)
    start = Reader(session.receive())
    if start.u8() != START:
        raise Malformed("a start was expected")
    offset = start.u64()
    start.end()
    if offset not in (0, len(have)):
        raise Malformed("a start that was not asked for")
    return offer, entries, offset


def accept_offer(session: Session) -> Offer:
    return answer_offer(session)[0]


def decline_offer(session: Session, reason: int) -> None:
    take_list(session)
    session.send(u8(ANSWER) + u8(reason))


def receive_chunks(session: Session, offer: Offer, have: bytes = b"") -> bytes:
    """F3, B's side: the whole content, in memory."""
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
    if offer.size not in (UNKNOWN_SIZE, len(have) + len(data)):
        raise Malformed("not as many bytes as announced")
    return have + data


def receive_file(session: Session, have: bytes = b"") -> tuple[list[Entry], bytes]:
    """F1 to F4, B's side: the list, and the content."""
    offer, entries, start = answer_offer(session, have)
    data = receive_chunks(session, offer, have[:start])
    session.send(Receipt(COMPLETE, len(data)).encoded())
    return entries, data
