"""V5: a hostile mailbox in Python, and what the real client fetches from it."""

from dataclasses import replace

from fraud_parties import FRAUD, VICTIM, Frauds
from frauds import Act, FakeMailbox, give
from parties import BENT_LOGIN_KEYS, BROKEN, DONE, REFUSED_BY_RECEIVER
from peers import Peer
from trent.encoding import u8, u16, u64
from trent.frames import Closed
from trent.mailbox import (
    COLLECTED,
    CONTENT,
    FETCH,
    LIST,
    NOT_THERE,
    REFUSED,
    STORED,
    WAITING,
    Answer,
    Request,
)
from trent.primitives import random
from trent.session import Session

KEYS_MISSING = 9


class FetchingFraudChecks(Frauds):
    def run(self) -> None:
        group = self.checks.group
        group("V5: a hostile mailbox, and who fetches", self.fetching)
        group("V5: lists that are none", self.lists)
        group("V5: twice, or for somebody else", self.repeated)
        group("U: mailboxes that it does not trust", self.untrusted)

    def fetching(self) -> None:
        check = self.checks
        check.same("box-carol logs in", self.laboratory.client(VICTIM, "login").wait(), DONE)
        data = random(20_000)
        mailbox = FakeMailbox(self.fraud, [self.held("honest", data)], {})
        status, folder, program = self.fetch(mailbox)
        check.that("answered honestly: done", status == DONE, (status, program.messages()))
        check.that("with these bytes", (folder / "honest").read_bytes() == data)
        check.same("and collected", mailbox.collected(), [1])

        def short(_: FakeMailbox, session: Session, request: Request) -> None:
            found = self.one[1][request.offset :][: request.count]
            give(session, found[:-1])

        def long(_: FakeMailbox, session: Session, request: Request) -> None:
            give(session, self.one[1][request.offset :][: request.count] + b"x")

        def told_more(_: FakeMailbox, session: Session, request: Request) -> None:
            give(session, self.one[1][request.offset :][: request.count], 2**32 - 1)

        def told_less(_: FakeMailbox, session: Session, request: Request) -> None:
            found = self.one[1][request.offset :][: request.count]
            give(session, found, len(found) - 1)

        def nothing_told(_: FakeMailbox, session: Session, __: Request) -> None:
            give(session, b"", 0)

        def empty_piece(_: FakeMailbox, session: Session, request: Request) -> None:
            session.send(Answer(CONTENT, request.count).encoded())
            session.send(b"")

        def other_answer(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(Answer(STORED).encoded())

        def nonsense(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(random(50))

        def hung_up(_: FakeMailbox, __: Session, ___: Request) -> None:
            raise Closed

        def elsewhere(_: FakeMailbox, session: Session, request: Request) -> None:
            give(session, self.one[1][request.offset + 1 :][: request.count])

        for act in (
            short, long, told_more, told_less, nothing_told, empty_piece, other_answer, nonsense,
            hung_up, elsewhere,
        ):  # fmt: skip
            self.one = self.held("bent", random(20_000))
            what = f"5: {act.__name__.replace('_', ' ')}"
            self.nothing(what, [self.one], {FETCH: act}, BROKEN)

        def withheld(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(Answer(REFUSED, NOT_THERE).encoded())

        what, expected = "what is listed and not given", REFUSED_BY_RECEIVER
        self.nothing(what, [self.one], {FETCH: withheld}, expected)
        self.nothing("what is not even listed", [], {}, DONE)
        self.resumed(random(600_000))

    def resumed(self, data: bytes) -> None:
        """What broke off is gone on with, and is what was left."""
        held = self.held("resumed", data)

        def later(mailbox: FakeMailbox, session: Session, request: Request) -> None:
            if request.offset > 200_000:
                raise Closed
            mailbox.honest(session, request)

        folder = self.parties.fresh_path()
        folder.mkdir()
        arguments = ("fetch", "-d", str(folder), "--accept-all", "--from", FRAUD)
        with FakeMailbox(self.fraud, [held], {FETCH: later}):
            status = self.laboratory.client(VICTIM, *arguments).wait()
        self.checks.same("hung up in the middle: broken", status, BROKEN)
        self.checks.same("hung up in the middle: no final name", self.names(folder), [])
        mailbox = FakeMailbox(self.fraud, [held], {})
        with mailbox:
            status = self.laboratory.client(VICTIM, *arguments).wait()
        self.checks.same("gone on with: done", status, DONE)
        self.checks.that("with these bytes", (folder / "resumed").read_bytes() == data)
        self.checks.same("and collected", len(mailbox.collected()), 1)

    def lists(self) -> None:
        held = self.held("listed", random(5000))
        one = held[0].encoded()

        def says(record: bytes) -> Act:
            def act(_: FakeMailbox, session: Session, __: Request) -> None:
                session.send(record)

            return act

        count = u8(WAITING) + u8(0)
        for what, record in (
            ("a number twice", count + u16(2) + one + one),
            ("numbers that go back", count + u16(2) + u64(9) + one[8:] + u64(8) + one[8:]),
            ("fewer than told", count + u16(2) + one),
            ("more than told", count + u16(1) + one + one),
            ("more, and nothing", u8(WAITING) + u8(1) + u16(0)),
            ("no name of a sender", count + u16(1) + one[:8] + bytes(65) + one[73:]),
            ("another answer", Answer(STORED).encoded()),
            ("nothing", b""),
        ):
            self.nothing(f"4: {what}", [held], {LIST: says(record)}, BROKEN)

        def round_and_round(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(Answer(WAITING, 1, [held[0]]).encoded())

        mailbox = FakeMailbox(self.fraud, [held], {LIST: round_and_round})
        status, _, program = self.fetch(mailbox)
        what = "4: the same page again and again: broken"
        self.checks.that(what, status == BROKEN, (status, program.messages()))
        self.checks.same("4: asked twice", len([it for it in mailbox.asked if it.kind == LIST]), 2)

        def endless(_: FakeMailbox, session: Session, request: Request) -> None:
            numbers = range(request.number + 1, request.number + 501)
            listed = [replace(held[0], number=number) for number in numbers]
            session.send(Answer(WAITING, 1, listed).encoded())

        def gone(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(Answer(REFUSED, NOT_THERE).encoded())

        mailbox = FakeMailbox(self.fraud, [], {LIST: endless, FETCH: gone})
        status, folder, _ = self.fetch(mailbox)
        self.checks.same("4: a list without end: it ends", status, REFUSED_BY_RECEIVER)
        pages = len([it for it in mailbox.asked if it.kind == LIST])
        self.checks.that("4: after 10,000 of them", pages <= 21, pages)
        self.checks.same("4: and nothing is kept", self.names(folder), [])

    def repeated(self) -> None:
        check, data = self.checks, random(6000)
        waiting, deposit = self.held("once", data)
        twice = [(waiting, deposit), (replace(waiting, number=waiting.number + 1), deposit)]
        mailbox = FakeMailbox(self.fraud, twice, {})
        status, folder, _ = self.fetch(mailbox)
        check.same("one deposit under two numbers: done", status, DONE)
        check.same("one deposit under two numbers: taken once", self.names(folder), ["once"])
        check.same("and both are deleted", len(mailbox.collected()), 2)
        mailbox = FakeMailbox(self.fraud, twice[:1], {})
        status, folder, _ = self.fetch(mailbox)
        check.same("shown again later: done", status, DONE)
        check.same("shown again later: not taken again", self.names(folder), [])
        check.same("shown again later: told to delete it", len(mailbox.collected()), 1)

        def not_there(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(Answer(REFUSED, NOT_THERE).encoded())

        def wrong(_: FakeMailbox, session: Session, __: Request) -> None:
            session.send(Answer(STORED).encoded())

        for act, expected in ((not_there, DONE), (wrong, BROKEN)):
            held = [self.held("kept", data)]
            mailbox = FakeMailbox(self.fraud, held, {COLLECTED: act})
            status, folder, _ = self.fetch(mailbox)
            what = f"collected, and the answer is {act.__name__.replace('_', ' ')}"
            check.same(f"{what}: exit status", status, expected)
            check.that(f"{what}: it is kept", (folder / "kept").read_bytes() == data)
            status, folder, _ = self.fetch(FakeMailbox(self.fraud, held, {}))
            check.same(f"{what}: not taken twice", (status, self.names(folder)), (DONE, []))

        fresh = self.held("another", data)
        named = (replace(fresh[0], sender="python-b"), fresh[1])
        self.nothing("under another sender's name", [named], {}, BROKEN)
        self.nothing("under another id", [(replace(fresh[0], id=random(32)), fresh[1])], {}, BROKEN)
        other = self.held("swapped", data)
        taken_for = (replace(fresh[0], size=other[0].size), other[1])
        self.nothing("another one's bytes", [taken_for], {}, BROKEN)
        program = self.laboratory.client("box-dora", "login")
        check.same("box-dora logs in", program.wait(), DONE)
        astray = self.held("astray", data, "box-dora")
        self.nothing("for somebody else", [astray], {}, KEYS_MISSING)

    def untrusted(self) -> None:
        """U3 and U4 on a mailbox's login key: the real client does not even connect."""
        peer = Peer(self.laboratory.kdc, "fraud-two")
        for what, bend in BENT_LOGIN_KEYS:
            bend(peer)
            with peer.listen(service=True) as listener:
                arguments = ("fetch", "--accept-all", "--from", "fraud-two")
                status = self.laboratory.client(VICTIM, *arguments).wait()
                self.checks.that(f"{what}: the client fails", status not in (DONE, 64), status)
                self.parties.not_connected(what, listener)
