"""Sections 3.10 and 5.7: deposits, and the keys that open them."""

from dataclasses import dataclass, field

from noise.connection import Keypair, NoiseConnection

from .encoding import Malformed, Reader, context, u8, u64
from .granting import DEPOSIT, TICKET_LENGTH, Login, Ticket, TicketGrant, Trust
from .keys import LoginKey, SignedLoginKey
from .primitives import agreement_public, expand, open_with_nonce, seal, sha256
from .session import MINUTE, Refused, peer_psk, start

PROTOCOL = "Noise_Kpsk0_25519_AESGCM_SHA256"
VERSION, LONGEST = 1, 65535
HEAD = 1 + 32 + TICKET_LENGTH
DAY = 24 * 60 * MINUTE
KEYS_MAGIC = b"trent deposit keys v1\n"


def _noise(
    realm: bytes, head: bytes, psk: bytes, own: LoginKey, peer: SignedLoginKey
) -> NoiseConnection:
    noise = NoiseConnection.from_name(PROTOCOL.encode())
    noise.set_prologue(context("trent deposit v1", realm, head))
    noise.set_psks(psk=psk)
    noise.set_keypair_from_private_bytes(Keypair.STATIC, own.private)
    noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, peer.public)
    return noise


@dataclass
class Deposit:
    """A letter that is written or opened, and the records behind it."""

    noise: NoiseConnection
    letter: bytes
    first: bytes
    sender: str

    @property
    def id(self) -> bytes:
        """5.8: what a mailbox knows it by."""
        return sha256(self.letter)

    @property
    def ephemeral(self) -> bytes:
        """E, by which B remembers what was taken (G3)."""
        return self.letter[HEAD : HEAD + 32]

    @property
    def handshake_hash(self) -> bytes:
        return self.noise.get_handshake_hash()

    def seal(self, plaintext: bytes) -> bytes:
        return self.noise.encrypt(plaintext)

    def open(self, record: bytes) -> bytes:
        return self.noise.decrypt(record)


def seal_deposit(own: Login, grant: TicketGrant, ephemeral: bytes, first: bytes) -> Deposit:
    """G1, with a grant that is accepted by trust."""
    peer, public = grant.peer, agreement_public(ephemeral)
    psk = peer_psk(grant.session_key, DEPOSIT, own.realm, own.own(), peer, public)
    head = u8(VERSION) + peer.login_key.public + grant.ticket
    noise = _noise(own.realm, head, psk, own.login_key, peer.login_key)
    noise.set_as_initiator()
    noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral)
    start(noise)
    return Deposit(noise, head + bytes(noise.write_message(first)), first, own.name)


@dataclass
class Receiver:
    """B, with what it has kept of a login; `now` and `machine_now` are times."""

    own: Login
    trust: Trust
    now: int
    machine_now: int
    taken: set[bytes] = field(default_factory=set)

    def open(self, letter: bytes) -> Deposit:
        """G2."""
        reader = Reader(letter)
        version, key, sealed = reader.u8(), reader.bytes(32), reader.bytes(TICKET_LENGTH)
        message = reader.rest()
        if len(letter) > LONGEST or version != VERSION or len(message) < 32:
            raise Malformed("a letter")
        signed = self.own.login_key.signed
        if key != signed.public:
            raise Refused("for another login")
        ticket = Ticket.open(sealed, self.own)
        if ticket.purpose != DEPOSIT or ticket.responder != self.own.name:
            raise Refused("a ticket for something else")
        self._check_time(ticket)
        if ticket.ephemeral != message[:32]:
            raise Refused("somebody else's ticket")
        if message[:32] in self.taken:
            raise Refused("a replay")
        if not self.trust.accepts(self.own, ticket.initiator, ticket.issued, ticket.issued):
            raise Refused("the sender is not trusted")
        ends = (ticket.initiator, self.own.own(), ticket.ephemeral)
        psk = peer_psk(ticket.session_key, DEPOSIT, self.own.realm, *ends)
        head = letter[: len(letter) - len(message)]
        peer = ticket.initiator.login_key
        noise = _noise(self.own.realm, head, psk, self.own.login_key, peer)
        noise.set_as_responder()
        start(noise)
        first = bytes(noise.read_message(message))
        return Deposit(noise, letter, first, ticket.initiator.name)

    def _check_time(self, ticket: Ticket) -> None:
        signed, some = self.own.login_key.signed, 5 * MINUTE
        if not signed.issued - some <= ticket.issued <= self.now + some:
            raise Refused("a ticket that was not issued within the login's life")
        if self.now > min(ticket.expires, signed.expires) + some:
            raise Refused("too late")
        if not ticket.issued - DAY <= self.machine_now <= ticket.issued + 33 * DAY:
            raise Refused("too late, or too early, by one's own clock")


def keys_file(own: Login, ticket_key: bytes, seed: bytes, nonce: bytes) -> bytes:
    """3.10."""
    signed, label = own.login_key.signed, "trent deposit keys v1"
    head = KEYS_MAGIC + signed.public + u64(signed.expires)
    info = context(label, own.realm, own.name.encode())
    body = own.login_key.private + ticket_key + signed.encoded()
    return head + nonce + seal(expand(seed, info, 32), nonce, info + head, body)


def open_keys_file(file: bytes, own: Login, seed: bytes) -> tuple[bytes, bytes, bytes]:
    """Private login key, ticket key, and the signed login key."""
    info = context("trent deposit keys v1", own.realm, own.name.encode())
    end = len(KEYS_MAGIC) + 32 + 8
    body = Reader(open_with_nonce(expand(seed, info, 32), info + file[:end], file[end:]))
    parts = (body.bytes(32), body.bytes(32), body.bytes(116))
    body.end()
    return parts

