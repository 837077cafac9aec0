"""A Python user who is logged in, and meets others over TCP on this machine."""

import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from trent.envelope import PATIENCE
from trent.frames import Frames
from trent.granting import (
    ANNOUNCE_SERVICE,
    ANNOUNCED,
    DEPOSIT,
    DEPOSIT_TICKET,
    MAILBOX,
    SERVICE,
    SESSION,
    TICKET,
    Login,
    service_fields,
)
from trent.keyfile import KeyFile
from trent.keys import LoginKey
from trent.mailbox import Visit
from trent.parcel import Writer
from trent.person import Center, Person, machine_time
from trent.session import Initiator, Refused, Responder, Session
from trent.transfer import receive_file

Result = TypeVar("Result")


class Peer:
    """Registers and logs in; `seed` is given when the device is one from before."""

    def __init__(self, center: Center, name: str, key: KeyFile | None = None):
        """With a key file if there is one, else with a passphrase."""
        if key is None:
            self.person = Person(center, name, f"a passphrase of {name}".encode())
        else:
            self.person = Person(center, name, key, key.seed)
        self.person.register()
        self.login: Login = self.person.login()

    def bend_login_key(self, issued: int, expires: int, seed: bytes | None = None) -> None:
        """Signs the login key again, with other times (milliseconds from now) or by another key.

        The KDC does not verify that signature (3.5), so it passes this on.
        """
        name, key = self.person.name, self.login.login_key
        times = (self.login.time + issued, self.login.time + expires)
        signed = key.signed.signed_by(seed or self.person.seed, self.login.realm, name, *times)
        self.login = replace(self.login, login_key=LoginKey(key.private, signed))

    # As A

    def initiator(self, receiver: str, purpose: int = SESSION) -> Initiator:
        """A ticket, and U1 to U4 on what the KDC says of the receiver."""
        reply, ephemeral = self.person.ticket(self.login, receiver, purpose=purpose)
        if reply.kind not in (TICKET, DEPOSIT_TICKET) or reply.grant is None:
            raise Refused(f"{receiver} is not present")
        if not self.person.trust.accepts(
            self.login, reply.grant.peer, self.login.time, machine_time()
        ):
            raise Refused(f"{receiver} is not trusted")
        return Initiator(self.login, reply.grant, ephemeral, purpose=purpose)

    def visit(self, mailbox: str) -> Visit:
        """5.8: a session with a mailbox."""
        return Visit(self.meet(mailbox, SERVICE))

    def writer(self, receiver: str) -> Writer:
        """G1: a deposit for a receiver, to be written."""
        initiator = self.initiator(receiver, DEPOSIT)
        return Writer(self.login, initiator.grant, initiator.ephemeral)

    def meet(self, receiver: str, purpose: int = SESSION) -> Session:
        """P1 to P3 and U5."""
        initiator = self.initiator(receiver, purpose)
        session = initiator.meet(connect(initiator))
        self.person.trust.pin(self.login, session.peer)
        return session

    # As B

    def responder(self, bend: bytes = bytes(32), purpose: int = SESSION) -> Responder:
        clocks = (self.login.time, machine_time())
        return Responder(self.login, self.person.trust, *clocks, bend, purpose)

    def listen(self, service: bool = False) -> socket.socket:
        """Announced, as a receiver or as a mailbox, and ready for a connection."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(PATIENCE)
        port = listener.getsockname()[1]
        if service:
            fields = service_fields(self.login, MAILBOX, port)
            reply = self.person.ask(self.login, ANNOUNCE_SERVICE, fields, udp=True)
        else:
            reply = self.person.announce(self.login, port, udp=True)
        if reply.kind != ANNOUNCED:
            raise Refused("not announced")
        return listener

    def serve(
        self,
        listener: socket.socket,
        act: Callable[[Session], Result],
        bend: bytes = bytes(32),
    ) -> Result:
        """Lets one peer in and does `act` with the session; pins it when that has worked (U5)."""
        with listener, Frames(listener.accept()[0]) as frames:
            session = self.responder(bend).meet(frames)
            result = act(session)
            self.person.trust.pin(self.login, session.peer)
            return result


def connect(initiator: Initiator) -> Frames:
    """To the address of the reply; the first one works on this machine."""
    address = initiator.grant.addresses[0]
    return Frames.connect(address.host, address.port)


class InBackground:
    """One receiver at a time, beside the sender's checks."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)

    def receive(
        self,
        peer: Peer,
        act: Callable[[Session], Result] = receive_file,
        bend: bytes = bytes(32),
    ) -> "Future[Result]":
        """The peer is announced when this returns."""
        return self._pool.submit(peer.serve, peer.listen(), act, bend)
