"""Sections 5.3 and 5.4: the psk and the Noise session, in both roles."""

import warnings
from dataclasses import dataclass

from noise.connection import Keypair, NoiseConnection

from .encoding import Malformed, context, lp, u8
from .frames import FIRST, RECORD, SECOND, Frames
from .granting import SESSION, Credentials, Login, Ticket, TicketGrant, Trust
from .primitives import agreement_public, expand, extract

PROTOCOL = "Noise_IKpsk2_25519_AESGCM_SHA256"
MINUTE = 60_000


class Refused(Exception):
    """The peer is not who it should be; the connection is closed without a word."""


def peer_psk(
    session_key: bytes,
    purpose: int,
    realm: bytes,
    initiator: Credentials,
    responder: Credentials,
    ephemeral: bytes,
) -> bytes:
    """5.3."""
    fields = [u8(purpose), realm, initiator.name.encode(), responder.name.encode()]
    fields += [initiator.identity_key, responder.identity_key]
    fields += [initiator.login_key.public, responder.login_key.public, ephemeral]
    info = lp(b"trent peer psk v1") + b"".join(lp(value) for value in fields)
    return expand(extract(b"", session_key), info, 32)


def _noise(realm: bytes, responder: Credentials) -> NoiseConnection:
    noise = NoiseConnection.from_name(PROTOCOL.encode())
    fields = (responder.name.encode(), responder.identity_key)
    noise.set_prologue(context("trent peer session v1", realm, *fields))
    return noise


def start(noise: NoiseConnection) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A set ephemeral key is what this protocol is about.
        noise.start_handshake()


@dataclass
class Session:
    """A session whose handshake is over, on its connection."""

    frames: Frames
    noise: NoiseConnection
    own: Login
    peer: Credentials

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.frames.__exit__()

    @property
    def handshake_hash(self) -> bytes:
        return self.noise.get_handshake_hash()

    def send(self, plaintext: bytes) -> None:
        self.frames.send(RECORD, self.noise.encrypt(plaintext))

    def receive(self) -> bytes:
        return self.noise.decrypt(self.frames.receive(RECORD)[1])


@dataclass
class Initiator:
    """A, with a grant that it has accepted by trust. `psk` can be bent by a test."""

    own: Login
    grant: TicketGrant
    ephemeral: bytes
    psk: bytes = b""
    purpose: int = SESSION

    def __post_init__(self) -> None:
        own, peer = self.own.own(), self.grant.peer
        public = agreement_public(self.ephemeral)
        self.psk = peer_psk(
            self.grant.session_key, self.purpose, self.own.realm, own, peer, public
        )

    def first_message(self, payload: bytes | None = None) -> tuple[NoiseConnection, bytes]:
        """P1."""
        noise = _noise(self.own.realm, self.grant.peer)
        noise.set_as_initiator()
        noise.set_psks(psk=self.psk)
        noise.set_keypair_from_private_bytes(Keypair.STATIC, self.own.login_key.private)
        noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, self.ephemeral)
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, self.grant.peer.login_key.public)
        start(noise)
        return noise, bytes(noise.write_message(self.grant.ticket if payload is None else payload))

    def meet(self, frames: Frames) -> Session:
        """P1 and P3."""
        noise, message = self.first_message()
        frames.send(FIRST, message)
        if noise.read_message(frames.receive(SECOND)[1]):
            raise Malformed("message 2 has no payload")
        return Session(frames, noise, self.own, self.grant.peer)


@dataclass
class Responder:
    """B. `bend` is applied to the psk, for tests; `now` and `machine_now` are times."""

    own: Login
    trust: Trust
    now: int
    machine_now: int
    bend: bytes = bytes(32)
    purpose: int = SESSION

    def __post_init__(self) -> None:
        self._seen: set[bytes] = set()

    def meet(self, frames: Frames) -> Session:
        """P2. The first record and the pin (U5) are the caller's."""
        noise = _noise(self.own.realm, self.own.own())
        noise.set_as_responder()
        noise.set_psks(psk=bytes(32))  # The real one is known once the ticket is open.
        noise.set_keypair_from_private_bytes(Keypair.STATIC, self.own.login_key.private)
        start(noise)
        payload = bytes(noise.read_message(frames.receive(FIRST)[1]))
        state = noise.noise_protocol.handshake_state
        ticket = self._accept(payload, state.re.public_bytes, state.rs.public_bytes)
        psk = peer_psk(
            ticket.session_key,
            ticket.purpose,
            self.own.realm,
            ticket.initiator,
            self.own.own(),
            ticket.ephemeral,
        )
        psk = bytes(a ^ b for a, b in zip(psk, self.bend, strict=True))
        noise.noise_protocol.psks = [psk]
        frames.send(SECOND, bytes(noise.write_message(b"")))
        return Session(frames, noise, self.own, ticket.initiator)

    def _accept(self, payload: bytes, ephemeral: bytes, static: bytes) -> Ticket:
        ticket = Ticket.open(payload, self.own)
        if ticket.purpose != self.purpose or ticket.responder != self.own.name:
            raise Refused("a ticket for something else")
        if not ticket.issued - 5 * MINUTE <= self.now <= ticket.expires + 5 * MINUTE:
            raise Refused("a ticket out of its time")
        if ticket.ephemeral != ephemeral or ticket.initiator.login_key.public != static:
            raise Refused("somebody else's ticket")
        if ephemeral in self._seen:
            raise Refused("a replay")
        self._seen.add(ephemeral)
        if not self.trust.accepts(self.own, ticket.initiator, self.now, self.machine_now):
            raise Refused("the initiator is not trusted")
        return ticket
