"""What the checks of the real client share that meets a hostile mailbox in Python."""

import pathlib
import re
from collections.abc import Callable

from frauds import Act, FakeMailbox, waiting_for
from parties import Parties
from peers import Peer
from programs import Program
from trent.encoding import u8
from trent.mailbox import Waiting
from trent.transfer import one_file

FRAUD, VICTIM = "fraud-post", "box-carol"
PARTIAL = re.compile(r"\.trent-[0-9a-f]{16}\.partial")
Held = tuple[Waiting, bytes]
Bend = Callable[[bytes], bytes]


class Frauds:
    """`box-carol` is a person with the real client; fraud-post means her no good."""

    _number = 0

    def __init__(self, parties: Parties, fraud: Peer):
        self.parties, self.checks = parties, parties.checks
        self.laboratory, self.sender = parties.laboratory, parties.sender
        self.fraud = fraud

    def held(self, name: str, data: bytes, receiver: str = VICTIM) -> Held:
        """What python-a leaves, as a mailbox holds it; chunks of 4096 bytes."""
        writer = self.sender.writer(receiver)
        deposit = writer.write(one_file(name, len(data)), data, chunk_size=4096)
        Frauds._number += 1
        return waiting_for(Frauds._number, "python-a", writer.begun.id, deposit)

    def fetch(self, mailbox: FakeMailbox, *more: str) -> tuple[int, pathlib.Path, Program]:
        folder = self.parties.fresh_path()
        folder.mkdir()
        with mailbox:
            arguments = ("fetch", "-d", str(folder), "--accept-all", "--from", FRAUD, *more)
            program = self.laboratory.client(VICTIM, *arguments)
            return program.wait(), folder, program

    def names(self, folder: pathlib.Path) -> list[str]:
        """What has its final name, or is in the way of one."""
        return sorted(path.name for path in folder.iterdir() if not PARTIAL.fullmatch(path.name))

    def nothing(self, what: str, held: list[Held], acts: dict[int, Act], expected: int) -> None:
        """That the real client ends so, keeps nothing, and has nothing deleted."""
        mailbox = FakeMailbox(self.fraud, held, acts)
        status, folder, program = self.fetch(mailbox)
        self.checks.that(
            f"{what}: exit status {expected}", status == expected, (status, program.messages())
        )
        self.checks.same(f"{what}: nothing is kept", self.names(folder), [])
        self.checks.same(f"{what}: nothing is deleted", mailbox.collected(), [])


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + u8(data[place] ^ 1) + data[place + 1 :]
