"""Sections 5.7 and 5.8: the real client and the real mailbox, with Python on one side."""

import pathlib

from mailbox_checks import MONTH, POST
from parties import DONE, REFUSED_BY_RECEIVER, Parties
from programs import Program
from trent.deposit import Receiver
from trent.granting import TAKE_DEPOSITS, deposits_fields
from trent.mailbox import DONE as SAID_DONE
from trent.mailbox import NOT_TAKEN, REFUSED, STORED, Answer, collected, refuse, allow
from trent.parcel import Opener
from trent.person import machine_time
from trent.primitives import random
from trent.transfer import FILE, FILES, FOLDER, LINK, STREAM, TEXT, Entry, one_file

SIZES = ((0, 4096), (1, 65536), (65536, 65536), (65537, 65536), (3_000_001, 1048576))


class MailboxClientChecks:
    """`box-bob` and `box-alice` are people with the real client."""

    def __init__(self, parties: Parties):
        self.parties, self.checks = parties, parties.checks
        self.laboratory = parties.laboratory
        self.sender, self.receiver = parties.sender, parties.receiver

    def run(self) -> None:
        group = self.checks.group
        group("5.8: Python leaves for the real client", self.to_client)
        group("5.8: the real client leaves for Python", self.from_client)
        group("V3: whom the real client refuses", self.refusing)

    def fetch(self, name: str, folder: pathlib.Path, *more: str) -> Program:
        arguments = ("fetch", "-d", str(folder), "--accept-all", "--from", POST, *more)
        return self.laboratory.client(name, *arguments)

    def to_client(self) -> None:
        check = self.checks
        check.same("B1: box-bob logs in", self.laboratory.client("box-bob", "login").wait(), DONE)
        folder = self.parties.fresh_path()
        folder.mkdir()
        contents = {f"{size}.bin": random(size) for size, _ in SIZES}
        tree = [
            Entry(FOLDER, 0o755, 0, 0, "t"),
            Entry(FOLDER, 0o755, 0, 0, "t/empty"),
            Entry(LINK, 0, 0, 0, "t/l", "x"),
            Entry(FILE, 0o640, 0, 5, "t/x"),
        ]
        text = "a text that waited".encode()
        left = [
            (one_file(name, len(data)), data, FILES, chunk)
            for (name, data), (_, chunk) in zip(contents.items(), SIZES, strict=True)
        ]
        left += [
            (tree, b"inner", FILES, 4096),
            (one_file("stream", 2**64 - 1), contents["65537.bin"], STREAM, 4096),
            (one_file("text", len(text)), text, TEXT, 4096),
        ]
        with self.sender.visit(POST) as visit:
            for entries, data, content, chunk in left:
                writer = self.sender.writer("box-bob")
                deposit = writer.write(entries, data, content, chunk)
                answer, _ = visit.leave("box-bob", writer.begun.id, deposit)
                what = f"{entries[-1].path}, {len(data)} bytes: stored"
                check.same(what, answer.kind, STORED)
        program = self.fetch("box-bob", folder)
        check.same("V5: the real client fetches them all", program.wait(), DONE)
        for name, data in contents.items():
            check.that(f"{name}: with these bytes", (folder / name).read_bytes() == data)
        check.same("the folder, and its link", (folder / "t/l").read_bytes(), b"inner")
        check.that("and the empty one in it", (folder / "t/empty").is_dir())
        streamed = (folder / "stream").read_bytes()
        check.that("the stream", streamed == contents["65537.bin"])
        check.that("the text is shown", text.decode() in "\n".join(program.output()))
        check.same("nothing waits any more", self.fetch("box-bob", folder).wait(), DONE)

    def from_client(self) -> None:
        check, receiver = self.checks, self.receiver
        receiver.login = receiver.person.login(key_life=MONTH)
        fields = deposits_fields(receiver.login, POST)
        receiver.person.ask(receiver.login, TAKE_DEPOSITS, fields)
        sent = {}
        for size in (0, 1, 65537, 3_000_001):
            source = self.parties.fresh_path()
            sent[source.name] = random(size)
            source.write_bytes(sent[source.name])
            way = ("--via", POST) if size else ()
            arguments = ("send", str(source), "-r", "python-b", *way)
            program = self.laboratory.client("box-alice", *arguments)
            what = f"{size} bytes: the real client leaves them"
            check.same(what, program.wait(), DONE)
            told = program.messages()
            check.that(f"{size} bytes: and says so", 'left "' in told, told)
        trust = receiver.person.trust
        opener = Receiver(receiver.login, trust, receiver.login.time, machine_time())
        found = {}
        with receiver.visit(POST) as visit:
            waiting = visit.list()
            numbers = [one.number for one in waiting]
            check.same("4: as many as were left", len(waiting), len(sent))
            check.same("4: in ascending order", numbers, sorted(set(numbers)))
            for one in waiting:
                opening = Opener(opener, visit.fetch_all(one))
                (entry,), data = opening.open()
                found[entry.path] = data
                check.same("4: the id is the letter's", opening.begun.id, one.id)
                check.same("4: the sender is the ticket's", opening.begun.sender, one.sender)
                answer = visit.ask(collected(one.number, one.id))
                check.same("V5: collected", answer.kind, SAID_DONE)
        check.that("V5: every one opens, in Python", found == sent)

    def refusing(self) -> None:
        check, source = self.checks, self.parties.fresh_path()
        source.write_bytes(b"not for you")
        arguments = ("send", str(source), "-r", "python-b", "--via", POST)
        with self.receiver.visit(POST) as visit:
            visit.ask(refuse("box-alice"))
            status = self.laboratory.client("box-alice", *arguments).wait()
            check.same("V3: the real client is refused", status, REFUSED_BY_RECEIVER)
            check.same("V3: and nothing is left", visit.list(), [])
            visit.ask(allow("box-alice"))
        for word, expected in (("refuse", Answer(REFUSED, NOT_TAKEN)), ("allow", Answer(STORED))):
            program = self.laboratory.client("box-bob", "mailbox", word, "python-a", "--at", POST)
            check.same(f"the real client says {word}", program.wait(), DONE)
            with self.sender.visit(POST) as visit:
                writer = self.sender.writer("box-bob")
                data = writer.write(one_file("allowed", 1), b"x")
                answer, _ = visit.leave("box-bob", writer.begun.id, data)
                check.same(f"{word}: what a Python sender is told", answer, expected)
        folder = self.parties.fresh_path()
        folder.mkdir()
        check.same("what was allowed is fetched", self.fetch("box-bob", folder).wait(), DONE)
        names = [path.name for path in folder.iterdir()]
        check.same("and nothing else", names, ["allowed"])
