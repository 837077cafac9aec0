"""Section 5.8: what a mailbox is asked, and what it answers."""

from dataclasses import dataclass, field

from .encoding import Malformed, Reader, padded, u8, u16, u32, u64
from .session import Session

LEAVE, LIST, FETCH, COLLECTED, REFUSE, ALLOW = range(1, 7)
REFUSED, GO_ON, STORED, WAITING, CONTENT, DONE = range(1, 7)
NOT_TAKEN, FULL, TOO_LARGE, NOT_THERE, BUSY, NOT_STORED = range(1, 7)
PIECE, LIST_LIMIT, ID = 65519, 500, 32


def leave(receiver: str, deposit: bytes, size: int) -> bytes:
    return u8(LEAVE) + padded(receiver) + deposit + u64(size)


def listing(after: int = 0) -> bytes:
    return u8(LIST) + u64(after)


def fetch(number: int, offset: int, count: int) -> bytes:
    return u8(FETCH) + u64(number) + u64(offset) + u32(count)


def collected(number: int, deposit: bytes) -> bytes:
    return u8(COLLECTED) + u64(number) + deposit


def refuse(sender: str) -> bytes:
    return u8(REFUSE) + padded(sender)


def allow(sender: str) -> bytes:
    return u8(ALLOW) + padded(sender)


@dataclass(frozen=True)
class Waiting:
    number: int
    sender: str
    stored: int
    size: int
    id: bytes

    def encoded(self) -> bytes:
        fields = u64(self.number) + padded(self.sender) + u64(self.stored)
        return fields + u64(self.size) + self.id

    @classmethod
    def read(cls, reader: Reader) -> "Waiting":
        fields = (reader.u64(), reader.name(), reader.u64(), reader.u64())
        return cls(*fields, reader.bytes(ID))


@dataclass(frozen=True)
class Request:
    """What a mailbox is asked, with the fields of its kind."""

    kind: int
    name: str = ""
    number: int = 0
    offset: int = 0
    count: int = 0
    id: bytes = b""

    @classmethod
    def read(cls, record: bytes) -> "Request":
        reader = Reader(record)
        kind = reader.u8()
        if kind == LEAVE:
            name, deposit, count = reader.name(), reader.bytes(ID), reader.u64()
            request = cls(kind, name=name, id=deposit, count=count)
        elif kind == LIST:
            request = cls(kind, number=reader.u64())
        elif kind == FETCH:
            number, offset, count = reader.u64(), reader.u64(), reader.u32()
            request = cls(kind, number=number, offset=offset, count=count)
            if not request.count:
                raise Malformed("a fetch of nothing")
        elif kind == COLLECTED:
            request = cls(kind, number=reader.u64(), id=reader.bytes(ID))
        elif kind in (REFUSE, ALLOW):
            request = cls(kind, name=reader.name())
        else:
            raise Malformed("a kind of request")
        reader.end()
        return request


@dataclass(frozen=True)
class Answer:
    """`value` is the reason, the offset, whether there is more, or the number of bytes."""

    kind: int
    value: int = 0
    waiting: list[Waiting] = field(default_factory=list)

    def encoded(self) -> bytes:
        if self.kind == REFUSED:
            return u8(self.kind) + u8(self.value)
        if self.kind == GO_ON:
            return u8(self.kind) + u64(self.value)
        if self.kind == WAITING:
            listed = b"".join(one.encoded() for one in self.waiting)
            return u8(self.kind) + u8(self.value) + u16(len(self.waiting)) + listed
        return u8(self.kind) + (u32(self.value) if self.kind == CONTENT else b"")

    @classmethod
    def read(cls, record: bytes) -> "Answer":
        reader = Reader(record)
        kind = reader.u8()
        if kind == REFUSED:
            answer = cls(kind, reader.u8())
            if not NOT_TAKEN <= answer.value <= NOT_STORED:
                raise Malformed("a reason")
        elif kind == GO_ON:
            answer = cls(kind, reader.u64())
        elif kind == WAITING:
            more, count = reader.u8(), reader.u16()
            if more > 1 or count > LIST_LIMIT or more and not count:
                raise Malformed("a list")
            answer = cls(kind, more, [Waiting.read(reader) for _ in range(count)])
            numbers = [one.number for one in answer.waiting]
            if numbers != sorted(set(numbers)):
                raise Malformed("the order of numbers")
        elif kind == CONTENT:
            answer = cls(kind, reader.u32())
        elif kind in (STORED, DONE):
            answer = cls(kind)
        else:
            raise Malformed("a kind of answer")
        reader.end()
        return answer


class Visit:
    """A session with a mailbox, A's side."""

    def __init__(self, session: Session):
        self.session = session

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *_: object) -> None:
        self.session.__exit__()

    def ask(self, request: bytes) -> Answer:
        self.session.send(request)
        return self.answer()

    def answer(self) -> Answer:
        return Answer.read(self.session.receive())

    def send_bytes(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            self.session.send(data[start : start + PIECE])

    def leave(self, receiver: str, deposit: bytes, data: bytes) -> tuple[Answer, int]:
        """V1 and V2: the last answer, and from where the bytes were sent."""
        answer = self.ask(leave(receiver, deposit, len(data)))
        if answer.kind != GO_ON:
            return answer, len(data)
        if answer.value >= len(data):
            raise Malformed("an offset beyond the end")
        self.send_bytes(data[answer.value :])
        return self.answer(), answer.value

    def list(self) -> list[Waiting]:
        """All pages."""
        found: list[Waiting] = []
        while True:
            answer = self.ask(listing(found[-1].number if found else 0))
            if answer.kind != WAITING:
                raise Malformed("a list was asked for")
            if found and answer.waiting and answer.waiting[0].number <= found[-1].number:
                raise Malformed("a list that does not go on")
            found += answer.waiting
            if not answer.value:
                return found

    def fetch(self, number: int, offset: int, count: int) -> bytes:
        answer = self.ask(fetch(number, offset, count))
        if answer.kind != CONTENT or answer.value > count:
            raise Malformed("content was asked for")
        data = b""
        while len(data) < answer.value:
            piece = self.session.receive()
            if not 1 <= len(piece) <= PIECE:
                raise Malformed("a piece of a deposit")
            data += piece
        if len(data) != answer.value:
            raise Malformed("more than was told")
        return data

    def fetch_all(self, waiting: Waiting, part: int = 100_000) -> bytes:
        parts = range(0, waiting.size, part)
        return b"".join(self.fetch(waiting.number, start, part) for start in parts)
