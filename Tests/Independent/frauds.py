"""A mailbox in Python that announces itself and answers as it likes."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from cryptography.exceptions import InvalidTag

from peers import Peer
from trent.encoding import Malformed
from trent.frames import Closed, Frames
from trent.granting import SERVICE
from trent.mailbox import (
    COLLECTED,
    CONTENT,
    DONE,
    FETCH,
    GO_ON,
    LEAVE,
    LIST,
    NOT_THERE,
    PIECE,
    REFUSED,
    STORED,
    WAITING,
    Answer,
    Request,
    Waiting,
)
from trent.person import machine_time
from trent.session import Refused, Session

Act = Callable[["FakeMailbox", Session, Request], None]


class FakeMailbox:
    """Honest, but for what `acts` does in the place of an answer; used as `with`."""

    def __init__(self, peer: Peer, held: list[tuple[Waiting, bytes]], acts: dict[int, Act]):
        self._peer, self._acts = peer, acts
        self.held = dict((waiting.number, (waiting, data)) for waiting, data in held)
        self.asked: list[Request] = []
        self.left: dict[bytes, bytes] = {}

    def __enter__(self) -> "FakeMailbox":
        self._listener = self._peer.listen(service=True)
        self._listener.settimeout(0.2)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._listener.close()

    def collected(self) -> list[int]:
        return [request.number for request in self.asked if request.kind == COLLECTED]

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                stream = self._listener.accept()[0]
            except TimeoutError:
                continue
            with suppress(Closed, OSError, Malformed, Refused, InvalidTag):
                self._meet(stream)

    def _meet(self, stream: socket.socket) -> None:
        with Frames(stream) as frames:
            session = self._peer.responder(purpose=SERVICE).meet(frames)
            while True:
                request = Request.read(session.receive())
                self.asked.append(request)
                self._acts.get(request.kind, FakeMailbox.honest)(self, session, request)

    def honest(self, session: Session, request: Request) -> None:
        if request.kind == LIST:
            waiting = [self.held[it][0] for it in sorted(self.held) if it > request.number]
            session.send(Answer(WAITING, int(len(waiting) > 500), waiting[:500]).encoded())
        elif request.kind == LEAVE:
            self.take(session, request)
        elif request.kind == FETCH and request.number in self.held:
            data = self.held[request.number][1][request.offset :][: request.count]
            give(session, data) if data else session.send(Answer(REFUSED, NOT_THERE).encoded())
        elif request.kind in (FETCH, COLLECTED) and request.number not in self.held:
            session.send(Answer(REFUSED, NOT_THERE).encoded())
        else:
            if request.kind == COLLECTED:
                del self.held[request.number]
            session.send(Answer(DONE).encoded())

    def take(self, session: Session, request: Request, until: int | None = None) -> None:
        """V1 and V2, from what is there; it hangs up when it has `until` bytes."""
        data = self.left.setdefault(request.id, b"")
        session.send(Answer(GO_ON, len(data)).encoded())
        while len(data) < request.count:
            data += session.receive()
            self.left[request.id] = data
            if until is not None and len(data) >= until:
                raise Closed
        session.send(Answer(STORED).encoded())


def give(session: Session, data: bytes, told: int | None = None) -> None:
    """Answer 5, and the bytes, however many were told."""
    session.send(Answer(CONTENT, len(data) if told is None else told).encoded())
    for start in range(0, len(data), PIECE):
        session.send(data[start : start + PIECE])


def waiting_for(number: int, sender: str, deposit: bytes, data: bytes) -> tuple[Waiting, bytes]:
    return Waiting(number, sender, machine_time(), len(data), deposit), data
