"""Section 5.8 against the transcripts: whole deposits, requests to a mailbox, and its answers."""

from collections.abc import Callable

from deposit_checks import DepositChecks
from transcripts import FOLDER, Section, transcript
from trent import mailbox
from trent.deposit import Receiver
from trent.granting import SERVICE, TicketGrant
from trent.mailbox import Answer, Request, Waiting
from trent.parcel import Opener, Writer
from trent.session import Initiator
from trent.transfer import FILES, Offer, send_chunks

REQUESTS = ("leave", "list", "list again", "fetch", "collected", "refuse", "allow")


class ParcelChecks(DepositChecks):
    def run(self) -> None:
        self.checks.group("5.8: a whole deposit, as it is recorded", self.parcel)
        self.checks.group("V5: deposits that are not opened", self.bent)
        self.checks.group("5.8: a session with a mailbox, as it is recorded", self.session)
        self.checks.group("5.8: what is no request, and what is no answer", self.messages)

    def parcel(self) -> None:
        check = self.checks
        sections, alice, bob = self.scene("peer/deposit-parcel")
        content = b"".join(
            section.values["plaintext"]
            for title, section in sections.items()
            if title.startswith("chunk ")
        )
        grant = sections["grant"].values
        given = TicketGrant(bob.own(), grant["session-key"], grant["ticket"])
        offer = Offer(sections["offer"].values["file-key"], 4096, len(content), FILES, 4)
        writer = Writer(alice, given, grant["ephemeral-key"])
        writer.send(offer.encoded())
        writer.send(sections["entries"].values["plaintext"])
        send_chunks(writer, offer, content)
        written = sections["parcel"].values
        check.same("5.8: the deposit, byte for byte", writer.frames.encoded(), written["bytes"])
        check.same("5.8: its id", writer.begun.id, written["id"])
        receiver = self.receiver(sections, bob)
        entries, found = Opener(receiver, written["bytes"]).open()
        check.same("V5: it opens", found, sections["parcel opened"].values["content"])
        check.same("V5: its list", len(entries), 4)
        self.refuses("G3: it was taken before", self.opened, receiver, written["bytes"])

    def opened(self, receiver: Receiver, arriving: bytes) -> object:
        return Opener(receiver, arriving).open()

    def bent(self) -> None:
        for path in sorted(FOLDER.glob("fault/v5-*.txt")):
            sections, _, bob = self.scene(f"fault/{path.stem}")
            receiver = self.receiver(sections, bob)
            arriving = sections["fault"].values["bytes"]

            self.refuses(f"recorded: {path.stem}", self.opened, receiver, arriving)
            self.checks.that(f"and not remembered: {path.stem}", not receiver.taken)

    def session(self) -> None:
        check = self.checks
        sections, alice, bob = self.scene("peer/mailbox")
        grant = sections["grant"].values
        given = TicketGrant(bob.own(), grant["session-key"], grant["ticket"])
        initiator = Initiator(alice, given, grant["ephemeral-key"], purpose=SERVICE)
        noise, message = initiator.first_message()
        check.same("P1: message 1", message, sections["initiator"].values["message-1"])
        noise.read_message(sections["responder"].values["message-2"])
        titles = list(sections)
        for title in titles[titles.index("leave") :]:
            section = sections[title]
            plaintext, record = section.values["plaintext"], section.values["record"]
            if title in (*REQUESTS, "bytes"):
                check.same(f"{title}: the record", noise.encrypt(plaintext), record)
            else:
                check.same(f"{title}: opens", noise.decrypt(record), plaintext)
            made = self.made(title, section, sections["leave"].values["id"])
            check.same(f"{title}: byte for byte", made, plaintext)
            if title in ("bytes", "content bytes"):
                continue
            if title in REQUESTS:
                check.that(f"{title}: is read", Request.read(plaintext).kind == plaintext[0])
            else:
                check.same(f"{title}: read and written", Answer.read(plaintext).encoded(), made)

    def made(self, title: str, section: Section, deposit: bytes) -> bytes:
        """What this side writes from the fields of a section."""
        name, number = section.words.get("name", ""), section.number
        if title.startswith("refused"):
            return Answer(mailbox.REFUSED, number("reason")).encoded()
        if title == "waiting":
            told = (number("number"), name, number("stored"), number("size"), deposit)
            return Answer(mailbox.WAITING, number("more"), [Waiting(*told)]).encoded()
        made: dict[str, Callable[[], bytes]] = {
            "leave": lambda: mailbox.leave(name, deposit, number("size")),
            "go on": lambda: Answer(mailbox.GO_ON, number("offset")).encoded(),
            "bytes": lambda: section.values["bytes"],
            "stored": lambda: Answer(mailbox.STORED).encoded(),
            "list": lambda: mailbox.listing(number("number")),
            "list again": lambda: mailbox.listing(number("number")),
            "nothing waiting": lambda: Answer(mailbox.WAITING).encoded(),
            "fetch": lambda: mailbox.fetch(number("number"), number("offset"), number("count")),
            "content": lambda: Answer(mailbox.CONTENT, number("count")).encoded(),
            "content bytes": lambda: section.values["bytes"],
            "collected": lambda: mailbox.collected(number("number"), deposit),
            "done": lambda: Answer(mailbox.DONE).encoded(),
            "refuse": lambda: mailbox.refuse(name),
            "refuse done": lambda: Answer(mailbox.DONE).encoded(),
            "allow": lambda: mailbox.allow(name),
        }
        return made[title]()

    def messages(self) -> None:
        for path in sorted(FOLDER.glob("fault/v[124]-*.txt")):
            sections = transcript(f"fault/{path.stem}")
            if "request" in sections:
                record = sections["request"].values["plaintext"]
                self.refuses(f"a request, recorded: {path.stem}", Request.read, record)
            else:
                record = sections["mailbox answer"].values["plaintext"]
                self.refuses(f"an answer, recorded: {path.stem}", Answer.read, record)
