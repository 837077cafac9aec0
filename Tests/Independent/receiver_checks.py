"""Sections 5.1, 5.4 to 5.6: what the real receiver refuses."""

import pathlib
import re

from cryptography.exceptions import InvalidTag

from parties import BENT_LOGIN_KEYS, BROKEN, DONE, Parties
from peers import Peer, connect
from trent.encoding import u8, u64
from trent.frames import CHUNK, FIRST, LAST_CHUNK, RECORD, SECOND, Closed
from trent.primitives import random
from trent.session import Initiator, Session
from trent.transfer import (
    ABORT,
    DAMAGED,
    FILE,
    FOLDER,
    LINK,
    ONE_FILE_ONLY,
    SOURCE_FAILED,
    START,
    STREAM,
    TEXT,
    UNACCEPTABLE,
    ChunkStream,
    Entry,
    Failed,
    Offer,
    Receipt,
    offer_entries,
    offer_file,
    one_file,
    send_entries,
    send_file,
)

PARTIAL = re.compile(r"\.trent-[0-9a-f]{16}\.partial")
BAD_NAMES = (
    "..", ".", "", "/etc/passwd", "../x", "a/../../x", "a\\b", "C:", "a\0b", "a\nb", "\x1b[2J", "a\u200bb",
    "a\u202eb", "a\u2028b", "x.", " x", "x ", "NUL", "con.txt", "COM1", "e\u0301",
    ".trent-0123456789abcdef.partial", "n" * 256, "a/" * 64 + "a",
)  # fmt: skip


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
        group("F1: lists that the real receiver refuses", self.wrong_lists)
        group("F2: a receiver of one file", self.one_file_only)
        group("F2: what the real receiver goes on with", self.resumed)

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
        good = Offer(random(32), 65536, 10).encoded()
        for what, record in (
            ("a chunk size that is no power of two", Offer(random(32), 65537, 10).encoded()),
            ("too small a chunk size", Offer(random(32), 2048, 10).encoded()),
            ("too large a chunk size", Offer(random(32), 2097152, 10).encoded()),
            ("a content that there is not", Offer(random(32), 65536, 10, content=4).encoded()),
            ("no entries", Offer(random(32), 65536, 10, count=0).encoded()),
            ("too many entries", Offer(random(32), 65536, 10, count=100_001).encoded()),
            ("a stream of known size", Offer(random(32), 65536, 10, content=STREAM).encoded()),
            ("a long text", Offer(random(32), 65536, 65537, content=TEXT).encoded()),
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

    def wrong_lists(self) -> None:
        """One receiver refuses them all, one after the other, and still takes an honest tree."""
        folder = self.parties.fresh_path()
        folder.mkdir()
        program = self.laboratory.folder_receiver("bob", folder)

        def file(path: str, kind: int = FILE, size: int = 1, mode: int = 0o644) -> Entry:
            return Entry(kind, mode, 0, size, path)

        top = file("t", FOLDER, 0)
        for what, entries in (
            *((f"the name {name!r}", [file(name)]) for name in BAD_NAMES),
            ("a file in no folder", [file("t/x")]),
            ("a file in a file", [file("t"), file("t/x")]),
            ("one name twice", [file("x"), file("x")]),
            ("another order", [file("y"), file("x")]),
            ("a set-uid file", [file("x", mode=0o4755)]),
            ("a device", [file("x", kind=4)]),
            ("a link at the top", [Entry(LINK, 0, 0, 0, "l", "x"), file("x")]),
            *(
                (f"a link to {target!r}", [top, Entry(LINK, 0, 0, 0, "t/l", target)])
                for target in ("/etc/passwd", "..", "../x", "a/../../..", "", "l/x", "a//b")
            ),
        ):
            with self.sender.meet("bob") as session:
                try:
                    offer_entries(session, entries)
                    reason = 0
                except Failed as failed:
                    reason = failed.reason
            self.checks.same(f"a list with {what}: refused", reason, UNACCEPTABLE)
        self.checks.same("nothing is written", list(folder.iterdir()), [])
        beside = [path.name for path in folder.parent.iterdir()]
        self.checks.same("nor beside it", beside, [folder.name])
        data = random(100_000)
        with self.sender.meet("bob") as session:
            link = Entry(LINK, 0, 0, 0, "t/l", "x")
            send_entries(session, [top, link, file("t/x", size=100_000)], data)
        self.checks.same("after all that it takes an honest tree", program.wait(), DONE)
        self.checks.that("with these bytes, and this link", (folder / "t/l").read_bytes() == data)

    def one_file_only(self) -> None:
        output = self.parties.fresh_path()
        program, _ = self.laboratory.receiver("bob", output)
        with self.sender.meet("bob") as session:
            try:
                offer_entries(session, [Entry(FOLDER, 0o755, 0, 0, "t")])
                reason = 0
            except Failed as failed:
                reason = failed.reason
        self.checks.same("a folder for -o: refused", reason, ONE_FILE_ONLY)
        program.end()
        self.nothing_left("a folder", output)

    def resumed(self) -> None:
        """F2: what has come is gone on with, for the same sender and the same list alone."""
        output, data = self.parties.fresh_path(), random(200_000)
        entries = one_file("resumed", len(data))

        def break_off() -> None:
            program, _ = self.laboratory.receiver("bob", output)
            with self.sender.meet("bob") as session:
                offer, _, _ = offer_entries(session, entries)
                session.send(u8(START) + u64(0))
                stream = ChunkStream(session, offer)
                session.frames.send(CHUNK, stream.seal(data[:65536], False))
            self.checks.same("broken off: the receiver says broken", program.wait(), BROKEN)

        break_off()
        self.checks.that("the final name is not there", not output.exists())
        program, _ = self.laboratory.receiver("bob", output)
        with self.sender.meet("bob") as session:
            _, start = send_entries(session, entries, data)
        self.checks.same("it goes on after the first chunk", start, 65536)
        self.checks.same("and ends well", program.wait(), DONE)
        self.checks.that("with these bytes, resumed", output.read_bytes() == data)
        output.unlink()
        break_off()
        program, _ = self.laboratory.receiver("bob", output)
        with self.parties.receiver.meet("bob") as session:
            _, offset, _ = offer_entries(session, entries)
        self.checks.same("another sender begins at the beginning", offset, 0)
        self.checks.same("whose end is no end of it", program.wait(), BROKEN)
        program, _ = self.laboratory.receiver("bob", output)
        other = random(200_000)
        with self.sender.meet("bob") as session:
            _, start = send_entries(session, entries, other)
        self.checks.same("other bytes of the same list start again", start, 0)
        self.checks.same("and arrive", program.wait(), DONE)
        self.checks.that("as they are", output.read_bytes() == other)

    def nothing_left(self, what: str, output: pathlib.Path) -> None:
        """Nothing but what can be gone on with: each output has a folder of its own."""
        left = [path.name for path in output.parent.iterdir() if not PARTIAL.fullmatch(path.name)]
        self.checks.same(f"{what}: leaves no file", left, [])
