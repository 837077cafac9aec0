"""Section 5.8: a whole deposit, a sequence of frames, as it is written and opened."""

from .deposit import Deposit, Receiver, seal_deposit
from .encoding import Malformed
from .frames import FIRST, LONGEST, RECORD, frame
from .granting import Login, TicketGrant
from .primitives import random
from .transfer import (
    FILES,
    STREAM,
    UNKNOWN_SIZE,
    Entry,
    Offer,
    batch,
    receive_chunks,
    send_chunks,
    take_list,
)


class Sheet:
    """Frames in memory, where a session has them on a connection."""

    def __init__(self, data: bytes = b""):
        self.frames: list[tuple[int, bytes]] = []
        position = 0
        while position < len(data):
            kind, length = data[position], int.from_bytes(data[position + 1 : position + 4], "big")
            payload = data[position + 4 : position + 4 + length]
            if length > LONGEST.get(kind, -1) or len(payload) < length:
                raise Malformed("a deposit is made of frames")
            self.frames.append((kind, payload))
            position += 4 + length

    def send(self, kind: int, payload: bytes) -> None:
        self.frames.append((kind, payload))

    def receive(self, *kinds: int) -> tuple[int, bytes]:
        if not self.frames or self.frames[0][0] not in kinds:
            raise Malformed("a frame is missing, or in another's place")
        return self.frames.pop(0)

    def encoded(self) -> bytes:
        return b"".join(frame(kind, payload) for kind, payload in self.frames)


class Parcel:
    """A deposit that is written or opened: what a session is to `transfer`."""

    def __init__(self, data: bytes = b""):
        self.frames = Sheet(data)
        self.deposit: Deposit | None = None

    @property
    def handshake_hash(self) -> bytes:
        return self.begun.handshake_hash

    @property
    def begun(self) -> Deposit:
        if self.deposit is None:
            raise Malformed("a deposit begins with its letter")
        return self.deposit


class Writer(Parcel):
    """A's."""

    def __init__(self, own: Login, grant: TicketGrant, ephemeral: bytes):
        super().__init__()
        self._start = (own, grant, ephemeral)

    def send(self, plaintext: bytes) -> None:
        """The first record is in the letter."""
        if self.deposit is None:
            self.deposit = seal_deposit(*self._start, plaintext)
            self.frames.send(FIRST, self.deposit.letter)
        else:
            self.frames.send(RECORD, self.deposit.seal(plaintext))

    def write(
        self, entries: list[Entry], data: bytes, content: int = FILES, chunk_size: int = 65536
    ) -> bytes:
        """The bytes that are left with a mailbox."""
        size = UNKNOWN_SIZE if content == STREAM else sum(entry.size for entry in entries)
        offer = Offer(random(32), chunk_size, size, content, len(entries))
        self.send(offer.encoded())
        for start in range(0, len(entries), 10):
            self.send(batch(entries[start : start + 10]))
        send_chunks(self, offer, data)
        return self.frames.encoded()


class Opener(Parcel):
    """B's."""

    def __init__(self, receiver: Receiver, data: bytes):
        super().__init__(data)
        self._receiver = receiver

    def receive(self) -> bytes:
        if self.deposit is None:
            self.deposit = self._receiver.open(self.frames.receive(FIRST)[1])
            return self.deposit.first
        return self.deposit.open(self.frames.receive(RECORD)[1])

    def open(self) -> tuple[list[Entry], bytes]:
        """V5: the list and the content, or an exception; G3 with all of it there."""
        offer, entries = take_list(self)
        data = receive_chunks(self, offer)
        if self.frames.frames:
            raise Malformed("a frame is left over")
        self._receiver.taken.add(self.begun.ephemeral)
        return entries, data
