"""V1 and V2: a hostile mailbox in Python, and what the real client leaves with it."""

import pathlib

from fraud_parties import FRAUD, VICTIM, Frauds
from frauds import Act, FakeMailbox, waiting_for
from parties import BROKEN, DONE, REFUSED_BY_RECEIVER
from trent.frames import Closed
from trent.mailbox import (
    BUSY,
    FULL,
    GO_ON,
    LEAVE,
    NOT_STORED,
    NOT_TAKEN,
    REFUSED,
    STORED,
    TOO_LARGE,
    WAITING,
    Answer,
    Request,
)
from trent.primitives import random
from trent.session import Session


class LeavingFraudChecks(Frauds):
    def run(self) -> None:
        self.checks.group("V1, V2: a hostile mailbox, and who leaves", self.leaving)

    def send(self, source: pathlib.Path, acts: dict[int, Act]) -> tuple[int, FakeMailbox, str]:
        mailbox = FakeMailbox(self.fraud, [], acts)
        with mailbox:
            arguments = ("send", str(source), "-r", VICTIM, "--via", FRAUD)
            program = self.laboratory.client("box-alice", *arguments)
            return program.wait(), mailbox, program.messages()

    def source(self, size: int) -> pathlib.Path:
        path = self.parties.fresh_path()
        path.write_bytes(random(size))
        return path

    def leaving(self) -> None:
        check = self.checks

        def says(*answers: Answer, after: int = 0) -> Act:
            """Answers, and the last of them after so many records of bytes."""

            def act(_: FakeMailbox, session: Session, __: Request) -> None:
                for number, answer in enumerate(answers):
                    if number == len(answers) - 1:
                        for _ in range(after):
                            session.receive()
                    session.send(answer.encoded())

            return act

        def at_end(_: FakeMailbox, session: Session, request: Request) -> None:
            session.send(Answer(GO_ON, request.count).encoded())
            session.send(Answer(STORED).encoded())

        def nonsense(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(random(70))

        def hung_up(_: FakeMailbox, __: Session, ___: Request) -> None:
            raise Closed

        begin, stored = Answer(GO_ON, 0), Answer(STORED)
        for what, act, expected in (
            ("stored before a byte of it", says(begin, stored), BROKEN),
            ("stored midway", says(begin, stored, after=1), BROKEN),
            ("go on at the end", at_end, BROKEN),
            ("go on beyond the end", says(Answer(GO_ON, 2**64 - 1)), BROKEN),
            ("go on midway", says(begin, begin, after=1), BROKEN),
            ("another answer", says(Answer(WAITING)), BROKEN),
            ("nonsense", nonsense, BROKEN),
            ("hung up", hung_up, BROKEN),
            *(
                (f"refused, {reason}", says(Answer(REFUSED, reason)), REFUSED_BY_RECEIVER)
                for reason in (NOT_TAKEN, FULL, TOO_LARGE, BUSY, NOT_STORED)
            ),
            ("refused midway", says(begin, Answer(REFUSED, FULL), after=1), REFUSED_BY_RECEIVER),
        ):
            # Midway is where the buffers between two programs do not hold the rest.
            size = 16_000_000 if "midway" in what else 200_000
            status, _, told = self.send(self.source(size), {LEAVE: act})
            check.that(f"{what}: exit status {expected}", status == expected, (status, told))
            check.that(f"{what}: not said to be left", 'left "' not in told, told)
        self.same_bytes()

    def same_bytes(self) -> None:
        """5.7: who tries again leaves the same bytes, or what is missing of them."""
        check, source = self.checks, self.source(200_000)

        def cut(mailbox: FakeMailbox, session: Session, request: Request) -> None:
            mailbox.take(session, request, until=100_000)

        status, first, _ = self.send(source, {LEAVE: cut})
        check.same("cut in the middle: broken", status, BROKEN)
        status, second, _ = self.send(source, {})
        check.same("again: done", status, DONE)
        (deposit, part), = first.left.items()
        check.same("again: the same deposit", list(second.left), [deposit])
        check.that("again: the same bytes", second.left[deposit].startswith(part))
        again = waiting_for(5000, "box-alice", deposit, second.left[deposit])
        status, folder, _ = self.fetch(FakeMailbox(self.fraud, [again], {}))
        check.same("and its receiver takes it", (status, self.names(folder)), (DONE, [source.name]))
        check.that("as it was", (folder / source.name).read_bytes() == source.read_bytes())
