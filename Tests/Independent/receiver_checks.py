"""Sections 5.1, 5.4 to 5.6: what the real receiver refuses."""

import pathlib

from cryptography.exceptions import InvalidTag

from parties import BENT_LOGIN_KEYS, BROKEN, DONE, Parties
from peers import Peer, connect
from trent.encoding import u8
from trent.frames import CHUNK, FIRST, LAST_CHUNK, RECORD, SECOND, Closed
from trent.primitives import random
from trent.session import Initiator, Session
from trent.transfer import (
    ABORT,
    DAMAGED,
    SOURCE_FAILED,
    ChunkStream,
    Offer,
    Receipt,
    offer_file,
    send_file,
)


class ReceiverChecks:
    """The real client as B, a hostile or broken A."""

    def __init__(self, parties: Parties):
        self.parties, self.checks = parties, parties.checks
        self.laboratory, self.sender = parties.laboratory, parties.sender

    def run(self) -> None:
        group = self.checks.group
        group("P2: what the real receiver refuses", self.receiver_refuses)
        group("F: what the real receiver makes of broken transfers", self.broken_to_client)
        group("F1: offers that the real receiver refuses", self.wrong_offers)

    def receiver_refuses(self) -> None:
        output = self.parties.fresh_path()
        program, _ = self.laboratory.receiver("bob", output)
        sender = self.sender

        initiator = sender.initiator("bob")
        _, message = initiator.first_message()
        with connect(initiator) as frames:
            frames.send(FIRST, message)
            frames.receive(SECOND)
        self.parties.silent("a replayed message 1", initiator, message)

        initiator = sender.initiator("bob")
        ticket = initiator.grant.ticket
        _, message = initiator.first_message(ticket[:30] + u8(ticket[30] ^ 1) + ticket[31:])
        self.parties.silent("a bent ticket", initiator, message)

        other = sender.initiator("bob").grant.ticket
        _, message = initiator.first_message(other)
        self.parties.silent("a ticket for another E", initiator, message)

        _, message = initiator.first_message()
        self.parties.silent("a bent message 1", initiator, message[:-1] + u8(message[-1] ^ 1))
        self.parties.silent("a message 1 cut short", initiator, message[:95])
        self.wrong_psk(sender.initiator("bob"))

        stranger = Peer(self.laboratory.kdc, "python-d")
        for what, bend in BENT_LOGIN_KEYS:
            bend(stranger)
            initiator = stranger.initiator("bob")
            self.parties.silent(what, initiator, initiator.first_message()[1])
        self.wrong_frames()

        self.checks.that("after all that it still waits", program.is_running(), program.messages())
        self.checks.that("and has written nothing", not output.exists())
        data = random(100_000)
        with sender.meet("bob") as session:
            send_file(session, data, "honest")
        self.checks.same("an honest transfer still succeeds", program.wait(), DONE)
        self.checks.that("with these bytes", output.read_bytes() == data)

    def wrong_frames(self) -> None:
        initiator = self.sender.initiator("bob")
        message = initiator.first_message()[1]
        for what, kind in (("as message 2", SECOND), ("as a record", RECORD), ("as type 9", 9)):
            with connect(initiator) as frames:
                frames.send(kind, message)
                closed = frames.is_closed_by_peer()
            self.checks.that(f"5.1: message 1 {what}: closed without a word", closed)
        with connect(initiator) as frames:
            frames.send_header(FIRST, 65536)
            closed = frames.is_closed_by_peer()
        self.checks.that("5.1: a frame that is announced too long: closed", closed)

    def wrong_psk(self, initiator: Initiator) -> None:
        initiator.psk = random(32)
        noise, message = initiator.first_message()
        with connect(initiator) as frames:
            frames.send(FIRST, message)
            reply = frames.receive(SECOND)[1]
            try:
                noise.read_message(reply)
                opened = True
            except InvalidTag:
                opened = False
            self.checks.that("a wrong psk does not open message 2", not opened)
            frames.send(RECORD, random(140))
            self.checks.that(
                "a first record that does not open: closed", frames.is_closed_by_peer()
            )

    def broken_to_client(self) -> None:
        data = random(200_000)

        def cut_short(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data, "cut"))
            session.frames.send(CHUNK, stream.seal(data[:65536], False))

        def damaged(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data, "damaged"))
            chunk = stream.seal(data[:65536], False)
            session.frames.send(CHUNK, chunk[:-1] + u8(chunk[-1] ^ 1))
            self.expect_failure(session, "a bent chunk", DAMAGED)

        def too_early(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data, "early"))
            session.frames.send(LAST_CHUNK, stream.seal(data[:65536], True))
            self.expect_failure(session, "a last chunk before the announced size", DAMAGED)

        def dropped(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data, "dropped"))
            stream.seal(data[:65536], False)
            session.frames.send(CHUNK, stream.seal(data[65536:131072], False))
            self.expect_failure(session, "a missing chunk", DAMAGED)

        def flagged_late(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data[:10], "flag"))
            session.frames.send(LAST_CHUNK, stream.seal(data[:10], False))
            self.expect_failure(session, "a last chunk that was not sealed as the last", DAMAGED)

        def shortened(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data, "short"))
            session.frames.send(CHUNK, stream.seal(data[:100], False))
            self.expect_failure(session, "a chunk that is too short", DAMAGED)

        def lengthened(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data, "long"))
            session.frames.send(CHUNK, stream.seal(data[:65537], False))
            self.expect_failure(session, "a chunk that is too long", DAMAGED)

        def emptied(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data[:65536], "empty"))
            session.frames.send(CHUNK, stream.seal(data[:65536], False))
            session.frames.send(LAST_CHUNK, stream.seal(b"", True))
            self.expect_failure(session, "an empty last chunk after others", DAMAGED)

        def overrun(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data[:10], "overrun"))
            session.frames.send(LAST_CHUNK, stream.seal(data[:20], True))
            self.expect_failure(session, "more bytes than announced", DAMAGED)

        def aborted(session: Session) -> None:
            stream = ChunkStream(session, offer_file(session, data, "aborted"))
            session.frames.send(CHUNK, stream.seal(data[:65536], False))
            session.send(u8(ABORT) + u8(SOURCE_FAILED))

        acts = (cut_short, damaged, too_early, dropped, flagged_late, aborted)
        for act in (*acts, shortened, lengthened, emptied, overrun):
            output = self.parties.fresh_path()
            program, _ = self.laboratory.receiver("bob", output)
            with self.sender.meet("bob") as session:
                act(session)
            what = act.__name__.replace("_", " ")
            self.checks.same(f"{what}: the real receiver says broken", program.wait(), BROKEN)
            self.nothing_left(what, output)

    def expect_failure(self, session: Session, what: str, reason: int) -> None:
        """A failing receipt, or the end of the connection."""
        try:
            receipt = Receipt.read(session.receive())
            self.checks.same(f"{what}: the receipt's reason", receipt.reason, reason)
        except (Closed, OSError) as error:
            self.checks.that(f"{what}: a failing receipt", False, repr(error))

    def wrong_offers(self) -> None:
        good = Offer(random(32), 65536, 10, "name").encoded()
        for what, record in (
            ("a chunk size that is no power of two", Offer(random(32), 65537, 10, "n").encoded()),
            ("too small a chunk size", Offer(random(32), 2048, 10, "n").encoded()),
            ("too large a chunk size", Offer(random(32), 2097152, 10, "n").encoded()),
            ("a name of 256 bytes", Offer(random(32), 65536, 10, "n" * 256).encoded()),
            ("a name that is no UTF-8", good[:-1] + b"\xff"),
            ("a byte left over", good + b"\0"),
            ("a missing byte", good[:-1]),
            ("an abort before an offer", u8(ABORT) + u8(SOURCE_FAILED)),
        ):
            output = self.parties.fresh_path()
            program, _ = self.laboratory.receiver("bob", output)
            with self.sender.meet("bob") as session:
                session.send(record)
                closed = session.frames.is_closed_by_peer()
            self.checks.that(f"an offer with {what}: closed", closed)
            program.end()
            self.nothing_left(what, output)

    def nothing_left(self, what: str, output: pathlib.Path) -> None:
        """Not even under another name: each output has a folder of its own."""
        left = [path.name for path in output.parent.iterdir()]
        self.checks.same(f"{what}: leaves no file", left, [])
