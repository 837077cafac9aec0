"""Section 5.8: what the real mailbox refuses, and whom it does not wait for."""

import time

from mailbox_checks import POST, MailboxChecks
from parties import DONE
from peers import connect
from trent.encoding import u8, u64
from trent.frames import CHUNK, FIRST, RECORD, Closed
from trent.granting import SERVICE
from trent.mailbox import (
    BUSY,
    COLLECTED,
    DONE as SAID_DONE,
    FETCH,
    GO_ON,
    LEAVE,
    LIST,
    NOT_TAKEN,
    PIECE,
    REFUSED,
    STORED,
    TOO_LARGE,
    WAITING,
    Visit,
    collected,
    fetch,
    leave,
    listing,
)
from trent.primitives import random
from trent.session import Refused, Session

IDLE_LIMIT = 60


class HostileVisitorChecks(MailboxChecks):
    """python-m does what nobody should. One of its sessions is silent from `begin` to `end`."""

    def run(self) -> None:
        group = self.checks.group
        group("5.8: what the real mailbox refuses", self.hostile)
        group("5.8: sessions that never end, and too many of them", self.greedy)

    def begin(self) -> None:
        self.idle, self.begun = self.stranger.visit(POST), time.monotonic()
        self.idle.list()

    def end(self) -> None:
        """6.3, and what there is at the end."""
        self.checks.group("6.3: a session without a byte", self.idled)

    def idled(self) -> None:
        check = self.checks
        rest = max(self.begun + IDLE_LIMIT + 10 - time.monotonic(), 1)
        self.idle.session.frames.wait(rest)
        check.that("it is closed", self.idle.session.frames.is_closed_by_peer())
        lasted = time.monotonic() - self.begun
        check.that("and not before its time", lasted >= IDLE_LIMIT - 1, lasted)
        left = [name for name in self.spooled() if not name.startswith("incoming/")]
        check.same("the spool has nothing in its boxes", left, [])
        check.that("it serves on", self.program.is_running(), self.program.messages())
        check.same("SIGTERM is a good end", self.program.end(), DONE)

    def hostile(self) -> None:
        check, stranger = self.checks, self.stranger
        self.wrong_tickets()
        with stranger.visit(POST) as visit:
            answer = visit.ask(leave("python-m", random(32), 10))
            self.refused("V1: a leave to oneself", answer, NOT_TAKEN)
            answer = visit.ask(leave("python-b", random(32), 2**64 - 1))
            self.refused("V1: more than any mailbox takes", answer, TOO_LARGE)
            check.same("and it listens on", visit.list(), [])
        name = stranger.person.name.encode()
        whole = leave("python-b", random(32), 10)
        for what, record in (
            ("an empty record", b""),
            ("request 0", u8(0)),
            ("request 7", u8(7) + u64(1)),
            ("a list without a number", u8(LIST)),
            ("a list and a byte more", listing() + b"\0"),
            ("a leave without its end", whole[:-1]),
            ("a leave and a byte more", whole + b"\0"),
            ("a leave of nothing", leave("python-b", random(32), 0)),
            ("a leave for ../../x", u8(LEAVE) + u8(7) + b"../../x".ljust(64, b"\0") + whole[66:]),
            ("a leave with letters in the padding", whole[:20] + b"x" + whole[21:]),
            ("a fetch of nothing", fetch(1, 0, 0)),
            ("a fetch without its end", u8(FETCH) + u64(1)),
            ("a collected without its id", u8(COLLECTED) + u64(1)),
            ("a refuse of nobody", u8(5) + bytes(65)),
            ("an unpadded name", u8(6) + u8(len(name)) + name),
            ("65519 bytes of nothing", bytes(PIECE)),
        ):
            with stranger.visit(POST) as visit:
                visit.session.send(record)
                check.that(f"{what}: closed", visit.session.frames.is_closed_by_peer())
        self.wrong_frames()
        self.wrong_bytes()
        self.at_once()
        check.that("after all that it serves", self.program.is_running(), self.program.messages())

    def wrong_tickets(self) -> None:
        check, stranger = self.checks, self.stranger
        try:
            initiator = stranger.initiator(POST)
        except Refused:
            check.that("a ticket for a session with a mailbox: the KDC gives none", True)
        else:
            self.parties.silent("a ticket for a session", initiator, initiator.first_message()[1])
        initiator = stranger.initiator(POST, SERVICE)
        ticket = initiator.grant.ticket
        other = stranger.initiator(POST, SERVICE).grant.ticket
        bent = ticket[:40] + u8(ticket[40] ^ 1) + ticket[41:]
        for what, payload in (("a bent ticket", bent), ("a ticket for another E", other)):
            self.parties.silent(what, initiator, initiator.first_message(payload)[1])
        _, message = initiator.first_message()
        with connect(initiator) as frames:
            frames.send(FIRST, message)
            frames.receive(2)
        self.parties.silent("a replayed message 1", initiator, message)
        thief = stranger.initiator(POST, SERVICE)
        thief.psk = random(32)
        with connect(thief) as frames:
            frames.send(FIRST, thief.first_message()[1])
            frames.receive(2)
            frames.send(RECORD, random(40))
            check.that("a wrong psk: closed", frames.is_closed_by_peer())

    def wrong_frames(self) -> None:
        def bent(session: Session) -> None:
            session.frames.send(RECORD, random(40))

        def chunk(session: Session) -> None:
            session.send(listing())
            session.receive()
            session.frames.send(CHUNK, random(100))

        def greeting(session: Session) -> None:
            session.send(listing())
            session.receive()
            session.frames.send(FIRST, random(600))

        def promise(session: Session) -> None:
            session.frames.send_header(RECORD, 65536)

        for act in (bent, chunk, greeting, promise):
            with self.stranger.visit(POST) as visit:
                act(visit.session)
                closed = visit.session.frames.is_closed_by_peer()
                self.checks.that(f"5.1: {act.__name__}: closed", closed)

    def wrong_bytes(self) -> None:
        """V1: more than was said, nothing, and requests where bytes are due."""
        check = self.checks
        for what, size, record in (
            ("one byte more than said", 10, bytes(11)),
            ("much more than said", 10, bytes(PIECE)),
            ("a piece of nothing", 10, b""),
        ):
            with self.stranger.visit(POST) as visit:
                check.same(
                    f"{what}: before it", visit.ask(leave("python-b", random(32), size)).kind, GO_ON
                )
                visit.session.send(record)
                check.that(f"{what}: closed", visit.session.frames.is_closed_by_peer())
        with self.receiver.visit(POST) as visit:
            check.same("V2: nothing of that is listed", visit.list(), [])
        boxes = [name for name in self.spooled() if not name.startswith("incoming/")]
        check.same("V2: nor in a box", boxes, [])
        with self.stranger.visit(POST) as visit:
            visit.session.send(leave("python-b", random(32), 9))
            visit.session.send(listing())
            check.same("a request in the place of bytes", visit.answer().kind, GO_ON)
            check.same("is taken for them", visit.answer().kind, STORED)
        with self.receiver.visit(POST) as visit:
            (waiting,) = visit.list()
            check.same("as they are", visit.fetch_all(waiting), listing())
            visit.ask(collected(waiting.number, waiting.id))

    def at_once(self) -> None:
        """The same deposit in two sessions at a time."""
        deposit = random(32)
        with self.stranger.visit(POST) as one, self.stranger.visit(POST) as two:
            first = one.ask(leave("python-b", deposit, 10))
            self.checks.same("two sessions: the first goes on", first.kind, GO_ON)
            answer = two.ask(leave("python-b", deposit, 10))
            self.refused("two sessions: the second waits", answer, BUSY)
            with self.sender.visit(POST) as third:
                other, _ = third.leave("python-b", deposit, bytes(10))
                self.checks.same("the id of another sender is another one", other.kind, STORED)
            one.send_bytes(bytes(range(10)))
            self.checks.same("two sessions: the first ends", one.answer().kind, STORED)
            answer = two.ask(leave("python-b", deposit, 10))
            self.checks.same("two sessions: the second learns that", answer.kind, STORED)
        with self.receiver.visit(POST) as visit:
            found = {(one.sender, visit.fetch_all(one)) for one in visit.list()}
            expected = {("python-a", bytes(10)), ("python-m", bytes(range(10)))}
            self.checks.same("and each is as it was left", found, expected)
            for waiting in visit.list():
                visit.ask(collected(waiting.number, waiting.id))

    def greedy(self) -> None:
        check = self.checks
        with self.stranger.visit(POST) as visit:
            kinds = {visit.ask(listing()).kind for _ in range(3000)}
            check.same("3000 requests: each is answered", kinds, {WAITING})
        self.flood()
        self.too_many()
        check.that("it serves on", self.program.is_running(), self.program.messages())

    def flood(self) -> None:
        """Requests without end for much, and nobody reads the answers."""
        check, limit = self.checks, 500_000
        with self.sender.visit(POST) as visit:
            answer, _ = visit.leave("python-b", random(32), random(1_000_000))
            check.same("much is left", answer.kind, STORED)
        with self.receiver.visit(POST) as deaf:
            (waiting,) = deaf.list()
            deaf.session.frames.wait(2)
            sent = 0
            try:
                for _ in range(limit):
                    deaf.session.send(fetch(waiting.number, 0, waiting.size))
                    sent += 1
            except OSError:
                pass
            check.that("requests without end: it stops reading them", sent < limit, sent)
            with self.receiver.visit(POST) as visit:
                check.same("who reads no answers keeps nobody waiting", visit.list(), [waiting])
                answer = visit.ask(collected(waiting.number, waiting.id))
                check.same("and it can be deleted meanwhile", answer.kind, SAID_DONE)

    def too_many(self) -> None:
        """6.3: four sessions of one user."""
        visits: list[Visit] = []
        try:
            answers = []
            for _ in range(6):
                visits.append(self.sender.visit(POST))
                answers.append(visits[-1].ask(listing()))
            kinds = [answer.kind for answer in answers]
            self.checks.same("6.3: four sessions of one user", kinds, [WAITING] * 4 + [REFUSED] * 2)
            self.refused("6.3: the fifth is told busy", answers[4], BUSY)
            with self.receiver.visit(POST) as visit:
                self.checks.same("6.3: and others are let in", visit.list(), [])
        except (Closed, OSError) as error:
            self.checks.that("6.3: too many sessions are answered", False, repr(error))
        for visit in visits:
            visit.session.__exit__()
