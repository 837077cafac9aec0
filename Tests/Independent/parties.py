"""What the checks of the real client share: Python peers, files, and ways to look at them."""

import pathlib
import socket
from collections.abc import Callable

from checks import Checks
from peers import InBackground, Peer, connect
from programs import Laboratory
from trent.frames import FIRST
from trent.primitives import random
from trent.session import Initiator

HOUR, DAY = 3_600_000, 86_400_000
BENT_LOGIN_KEYS: tuple[tuple[str, Callable[[Peer], None]], ...] = (
    ("U3: a login key that another key signed", lambda it: it.bend_login_key(0, HOUR, random(32))),
    ("U4: a login key for 33 days", lambda it: it.bend_login_key(0, 33 * DAY)),
    ("U4: a login key from the future", lambda it: it.bend_login_key(HOUR, 2 * HOUR)),
    ("U4: a login key that is over", lambda it: it.bend_login_key(-2 * HOUR, -HOUR)),
)
DONE, REFUSED_BY_RECEIVER, BROKEN, IDENTITY_CHANGED, PROGRAM_FAILED = 0, 7, 8, 10, 11


class Parties:
    """`alice` and `bob` are people with the real client, python-a and python-b are not."""

    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.laboratory = checks, laboratory
        self.background = InBackground()
        self.sender = Peer(laboratory.kdc, "python-a")
        self.receiver = Peer(laboratory.kdc, "python-b")
        self._number = 0
        # What the real sender sends.
        self.sent = b""

    def fresh_path(self) -> pathlib.Path:
        """A file in an empty folder of its own."""
        self._number += 1
        folder = self.laboratory.folder / f"folder-{self._number}"
        folder.mkdir()
        return folder / f"file-{self._number}"

    def silent(self, what: str, initiator: Initiator, message: bytes) -> None:
        """That the real receiver closes the connection after this message 1, without a byte."""
        with connect(initiator) as frames:
            frames.send(FIRST, message)
            self.checks.that(f"{what}: closed without a word", frames.is_closed_by_peer())

    def not_connected(self, what: str, listener: socket.socket) -> None:
        listener.settimeout(0.1)
        try:
            listener.accept()[0].close()
            connected = True
        except TimeoutError:
            connected = False
        self.checks.that(f"{what}: and does not connect", not connected)
