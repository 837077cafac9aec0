"""Section 5.8: honest Python clients of the real mailbox."""

import time

from parties import Parties
from peers import Peer
from programs import Program
from trent.deposit import Receiver
from trent.granting import (
    DEPOSITS_TAKEN,
    LIST as LIST_REQUEST,
    MAILBOX,
    SERVICES,
    TAKE_DEPOSITS,
    deposits_fields,
    list_fields,
)
from trent.mailbox import (
    BUSY,
    DONE as SAID_DONE,
    GO_ON,
    NOT_TAKEN,
    NOT_THERE,
    PIECE,
    REFUSED,
    STORED,
    Answer,
    Visit,
    allow,
    collected,
    fetch,
    leave,
    listing,
    refuse,
)
from trent.parcel import Opener
from trent.person import machine_time
from trent.primitives import random
from trent.transfer import one_file

POST, MONTH = "post-office", 30 * 24 * 3_600_000


class MailboxChecks:
    """python-a leaves, python-b collects, python-m looks on."""

    def __init__(self, parties: Parties, program: Program, stranger: Peer):
        self.parties, self.checks = parties, parties.checks
        self.laboratory = parties.laboratory
        self.program, self.stranger = program, stranger
        self.sender, self.receiver = parties.sender, parties.receiver

    def run(self) -> None:
        self.checks.group("5.8: Python leaves, Python collects", self.served)

    def refused(self, what: str, answer: Answer, reason: int) -> None:
        self.checks.same(what, (answer.kind, answer.value), (REFUSED, reason))

    def spooled(self) -> list[str]:
        """What is in the spool: boxes, and what is on its way."""
        spool = self.laboratory.spool(POST)
        folders = ("boxes", "incoming", "damaged")
        found = [path for name in folders for path in spool.glob(f"{name}/**/*")]
        return sorted(str(path.relative_to(spool)) for path in found if path.is_file())

    def served(self) -> None:
        check = self.checks
        answer = self.sender.person.ask(
            self.sender.login, LIST_REQUEST, list_fields(MAILBOX)
        )
        listed = answer.kind == SERVICES and POST in answer.services
        check.that("M2: it is among the services", listed, answer)
        self.receiver.login = self.receiver.person.login(key_life=MONTH)
        taken = self.receiver.person.ask(
            self.receiver.login, TAKE_DEPOSITS, deposits_fields(self.receiver.login, POST)
        )
        check.same("B3: python-b takes deposits", taken.kind, DEPOSITS_TAKEN)
        data = random(300_000)
        writer = self.sender.writer("python-b")
        bytes_left = writer.write(one_file("left.bin", len(data)), data, chunk_size=65536)
        self.left_in_two(writer.begun.id, bytes_left)
        with self.receiver.visit(POST) as visit:
            (waiting,) = visit.list()
            check.same("4: the sender", waiting.sender, "python-a")
            check.same("4: the number of bytes", waiting.size, len(bytes_left))
            check.same("4: the id", waiting.id, writer.begun.id)
            check.that("4: when it came", abs(waiting.stored - machine_time()) < 60_000)
            check.that("V4: in parts", visit.fetch_all(waiting, 70_001) == bytes_left)
            check.that("V4: in one", visit.fetch(waiting.number, 0, 2**32 - 1) == bytes_left)
            tail = visit.fetch(waiting.number, waiting.size - 5, 100)
            check.same("V4: all that there are from an offset on", tail, bytes_left[-5:])
            login, trust = self.receiver.login, self.receiver.person.trust
            opened = Receiver(login, trust, login.time, machine_time())
            entries, found = Opener(opened, visit.fetch_all(waiting)).open()
            check.that("V5: it opens", found == data and entries[0].path == "left.bin")
            self.refused(
                "V4: beyond the end", visit.ask(fetch(waiting.number, waiting.size, 1)), NOT_THERE
            )
            self.refused(
                "V4: far beyond", visit.ask(fetch(waiting.number, 2**64 - 1, 2**32 - 1)), NOT_THERE
            )
            self.refused("V4: another number", visit.ask(fetch(2**64 - 1, 0, 1)), NOT_THERE)
            wrong = collected(waiting.number, random(32))
            self.refused("V4: collected with a wrong id", visit.ask(wrong), NOT_THERE)
            check.same("and it is there", visit.list(), [waiting])
            self.others(waiting.number, waiting.id)
            right = collected(waiting.number, waiting.id)
            check.same("V5: collected", visit.ask(right).kind, SAID_DONE)
            self.refused("V5: twice", visit.ask(right), NOT_THERE)
            check.same("and it is gone", visit.list(), [])
        check.same("and from the spool", self.spooled(), [])
        self.numbers()
        self.refusing()
        check.that("it serves on", self.program.is_running(), self.program.messages())

    def left_in_two(self, deposit: bytes, data: bytes) -> None:
        """V1, V2: half of it, and the rest in another session."""
        check = self.checks
        with self.sender.visit(POST) as visit:
            answer = visit.ask(leave("python-b", deposit, len(data)))
            check.same("V1: from the beginning", (answer.kind, answer.value), (GO_ON, 0))
            visit.send_bytes(data[: 2 * PIECE])
        with self.parties.receiver.visit(POST) as visit:
            check.same("V2: half of it is not listed", visit.list(), [])
        with self.sender.visit(POST) as visit:
            answer, offset = self.leave_patiently(visit, deposit, data)
            check.same("V2: stored", answer.kind, STORED)
            check.same("V1: gone on with", offset, 2 * PIECE)
            again = visit.ask(leave("python-b", deposit, len(data)))
            check.same("V1: what is there is not taken again", again.kind, STORED)
            number = visit.ask(leave("python-b", deposit, len(data) + 1))
            check.same("V1: nor with another number of bytes", number.kind, STORED)

    def leave_patiently(self, visit: Visit, deposit: bytes, data: bytes) -> tuple[Answer, int]:
        """It may take a moment until the former session is over."""
        deadline = time.monotonic() + 10
        while True:
            answer, offset = visit.leave("python-b", deposit, data)
            if answer != Answer(REFUSED, BUSY) or time.monotonic() > deadline:
                return answer, offset

    def others(self, number: int, deposit: bytes) -> None:
        """V4: the sender, and a third, who know number and id."""
        for who in (self.sender, self.stranger):
            name = who.person.name
            with who.visit(POST) as visit:
                self.checks.same(f"V4: {name} lists nothing of it", visit.list(), [])
                answer = visit.ask(fetch(number, 0, 100))
                self.refused(f"V4: {name} fetches nothing of it", answer, NOT_THERE)
                answer = visit.ask(collected(number, deposit))
                self.refused(f"V4: {name} does not remove it", answer, NOT_THERE)

    def numbers(self) -> None:
        """V2: numbers ascend, and are never given twice; pages of 500 (answer 4)."""
        count = 502
        with self.sender.visit(POST) as visit:
            answers = {visit.leave("python-b", random(32), b"x")[0].kind for _ in range(count)}
        self.checks.same("V2: many small ones", answers, {STORED})
        with self.receiver.visit(POST) as visit:
            first = visit.ask(listing())
            self.checks.same("4: a page", (len(first.waiting), first.value), (500, 1))
            waiting = visit.list()
            self.checks.same("4: all pages", len(waiting), count)
            done = {visit.ask(collected(one.number, one.id)).kind for one in waiting}
            self.checks.same("V5: all of them collected", done, {SAID_DONE})
        with self.sender.visit(POST) as visit:
            visit.leave("python-b", random(32), b"x")
        with self.receiver.visit(POST) as visit:
            (later,) = visit.list()
            self.checks.that("V2: the next number is higher", later.number > waiting[-1].number)
            visit.ask(collected(later.number, later.id))

    def refusing(self) -> None:
        """V3, V4."""
        self.refusing_what_is_coming()
        check = self.checks
        with self.receiver.visit(POST) as visit, self.sender.visit(POST) as leaving:
            check.same("5: refuse", visit.ask(refuse("python-a")).kind, SAID_DONE)
            check.same("5: refuse, twice", visit.ask(refuse("python-a")).kind, SAID_DONE)
            answer, _ = leaving.leave("python-b", random(32), b"x")
            self.refused("V3: nothing is taken of who is refused", answer, NOT_TAKEN)
            with self.stranger.visit(POST) as other:
                answer, _ = other.leave("python-b", random(32), b"x")
                check.same("V3: but of others", answer.kind, STORED)
            check.same("6: allow", visit.ask(allow("python-a")).kind, SAID_DONE)
            check.same("6: allow, twice", visit.ask(allow("python-a")).kind, SAID_DONE)
            answer, _ = leaving.leave("python-b", random(32), b"x")
            check.same("V3: and again when allowed", answer.kind, STORED)
            for waiting in visit.list():
                visit.ask(collected(waiting.number, waiting.id))

    def refusing_what_is_coming(self) -> None:
        """V4: of one that is refused nothing more is stored, and nothing kept."""
        check, deposit, data = self.checks, random(32), random(1000)
        with self.receiver.visit(POST) as visit, self.sender.visit(POST) as leaving:
            going = leaving.ask(leave("python-b", deposit, len(data)))
            check.same("V1: it may come", (going.kind, going.value), (GO_ON, 0))
            leaving.send_bytes(data[:500])
            check.same("V4: refused half-way", visit.ask(refuse("python-a")).kind, SAID_DONE)
            leaving.send_bytes(data[500:])
            self.refused("V4: the rest is not taken", leaving.answer(), NOT_TAKEN)
            check.same("V4: allowed again", visit.ask(allow("python-a")).kind, SAID_DONE)
        with self.receiver.visit(POST) as visit, self.sender.visit(POST) as leaving:
            answer, start = leaving.leave("python-b", deposit, data)
            check.same("V4: nothing of it was kept", (answer.kind, start), (STORED, 0))
            (waiting,) = visit.list()
            visit.ask(collected(waiting.number, waiting.id))
