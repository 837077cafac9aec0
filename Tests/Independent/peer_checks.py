"""Section 5, Python to Python, with logins and tickets of the real KDC."""

from cryptography.exceptions import InvalidTag

from checks import Checks
from peers import InBackground, Peer, connect
from programs import Laboratory
from trent.frames import FIRST, SECOND, Closed
from trent.primitives import random
from trent.session import Refused
from trent.transfer import send_file

SIZES = ((0, 4096), (1, 4096), (4096, 4096), (4097, 4096), (300_000, 65536), (3_000_000, 1048576))


class PeerChecks:
    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.center = checks, laboratory.kdc
        self.background = InBackground()

    def run(self) -> None:
        self.checks.group("F: Python to Python", self.transfers)
        self.checks.group("P: what a Python peer refuses", self.refusals)

    def transfers(self) -> None:
        self.sender = Peer(self.center, "python-sender")
        self.receiver = Peer(self.center, "python-receiver")
        for size, chunk in SIZES:
            data = random(size)
            received = self.background.receive(self.receiver)
            with self.sender.meet("python-receiver") as session:
                receipt = send_file(session, data, f"{size}.bin", chunk)
            (entry,), found = received.result()
            self.checks.that(
                f"{size} bytes in chunks of {chunk}",
                found == data and receipt.count == size and entry.path == f"{size}.bin",
            )

    def refusals(self) -> None:
        check = self.checks
        received = self.background.receive(self.receiver, bend=random(32))
        try:
            self.sender.meet("python-receiver")
            refused = False
        except InvalidTag:
            refused = True
        check.that("P3: another psk is refused", refused)
        check.that("and B sees no record", isinstance(received.exception(), (Closed, OSError)))

        received = self.background.receive(self.receiver)
        initiator = self.sender.initiator("python-receiver")
        ticket = initiator.grant.ticket
        _, message = initiator.first_message(ticket[:-1] + bytes([ticket[-1] ^ 1]))
        with connect(initiator) as frames:
            frames.send(FIRST, message)
            try:
                frames.receive(SECOND)
                silent = False
            except Closed:
                silent = True
        check.that("P2: a bent ticket is met with silence", silent)
        check.that("and not opened", isinstance(received.exception(), InvalidTag))

        self.sender.person.trust.pins[(self.sender.login.realm, "python-receiver")] = random(32)
        with self.receiver.listen():
            try:
                self.sender.initiator("python-receiver")
                refused = False
            except Refused:
                refused = True
        check.that("U2: a pin that differs is refused", refused)
