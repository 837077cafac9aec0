"""Sections 4.4 and 4.5: what a login holds, the exchange under its TGT, and tickets."""

from dataclasses import dataclass, field

from .encoding import (
    Address,
    Malformed,
    Reader,
    context,
    optional_name,
    padded,
    u8,
    u16,
    u64,
)
from .envelope import GRANTING_REPLY, GRANTING_REQUEST, fields_of, message
from .keys import LoginKey, SignedLoginKey, certificate_text
from .primitives import expand, open_sealed, open_with_nonce, pair, random, seal, verifies

TICKET_REQUEST, ANNOUNCE, WITHDRAW, REACH, ANNOUNCE_SERVICE, TAKE_DEPOSITS, LIST = range(1, 8)
TICKET, ANNOUNCED, WITHDRAWN, NOT_PRESENT, LATER_LOGIN, LOGIN_OVER, WRONG_TIME, NOT_NOW = range(
    1, 9
)
REACHED, DEPOSIT_TICKET, DEPOSITS_TAKEN, SERVICES = range(9, 13)
RENEWING = (
    TICKET,
    ANNOUNCED,
    WITHDRAWN,
    NOT_PRESENT,
    LATER_LOGIN,
    REACHED,
    DEPOSIT_TICKET,
    DEPOSITS_TAKEN,
    SERVICES,
)
SESSION, SERVICE, DEPOSIT = 1, 2, 3
MAILBOX, LIST_LIMIT = 1, 12
TGT_LENGTH, TICKET_LENGTH, REPLY_HEADER = 213, 459, 18


@dataclass(frozen=True)
class Credentials:
    """What a peer is known by: name, identity key, certificate, login key."""

    name: str
    identity_key: bytes
    certificate: bytes
    login_key: SignedLoginKey


@dataclass
class Login:
    """Kind 3 of the sealed reply, with what the client had made for it."""

    realm: bytes
    kdc_identity: bytes
    name: str
    identity_key: bytes
    certificate: bytes
    login_key: LoginKey
    request_key: bytes
    ticket_key: bytes
    end: int
    observed: Address
    tgt: bytes
    time: int

    def own(self) -> Credentials:
        return Credentials(self.name, self.identity_key, self.certificate, self.login_key.signed)


@dataclass(frozen=True)
class TicketGrant:
    """Kinds 1 and 10 of the granting reply."""

    peer: Credentials
    session_key: bytes
    ticket: bytes
    addresses: list[Address] = field(default_factory=list)
    mailbox: str | None = None


@dataclass(frozen=True)
class GrantingReply:
    kind: int
    time: int
    grant: TicketGrant | None = None
    observed: Address | None = None
    reached: int | None = None
    until: int | None = None
    services: list[str] = field(default_factory=list)


def ticket_fields(login: Login, peer: str, ephemeral: bytes, purpose: int = SESSION) -> bytes:
    signature = login.login_key.signed.login_signature()
    return u8(purpose) + padded(peer) + ephemeral + signature


def announce_fields(login: Login, port: int, addresses: list[Address]) -> bytes:
    listed = b"".join(address.encoded() for address in addresses)
    signature = login.login_key.signed.login_signature()
    return u16(port) + u8(len(addresses)) + listed + signature


def service_fields(login: Login, service: int, port: int) -> bytes:
    return u8(service) + announce_fields(login, port, [])


def deposits_fields(login: Login, mailbox: str | None = None) -> bytes:
    return login.login_key.signed.login_signature() + optional_name(mailbox)


def list_fields(service: int, after: str | None = None) -> bytes:
    return u8(service) + optional_name(after)


class GrantingExchange:
    """T1 to T5: one request; opening its reply moves the login on to the fresh key and TGT."""

    def __init__(self, login: Login, kind: int, fields: bytes = b"", time: int | None = None):
        self._login, self._request_key = login, login.request_key
        self._nonce = random(16)
        header = message(GRANTING_REQUEST, login.tgt + self._nonce)
        info = context("trent granting request v1", login.realm, self._nonce)
        key, nonce = pair(expand(self._request_key, info, 60))
        plaintext = u64(login.time if time is None else time) + u8(kind) + fields
        self.request = header + seal(key, nonce, header, plaintext)

    def open(self, reply: bytes) -> GrantingReply:
        reader = Reader(fields_of(reply, GRANTING_REPLY))
        nonce = reader.bytes(16)
        info = context("trent granting reply v1", self._login.realm, self._nonce, nonce)
        key, key_nonce = pair(expand(self._request_key, info, 44))
        plaintext = Reader(open_sealed(key, key_nonce, reply[:REPLY_HEADER], reader.rest()))
        kind, time = plaintext.u8(), plaintext.u64()
        if not TICKET <= kind <= SERVICES:
            raise Malformed("an unknown kind of granting reply")
        fresh = (plaintext.bytes(32), plaintext.bytes(TGT_LENGTH)) if kind in RENEWING else None
        grant = _read_grant(plaintext, kind) if kind in (TICKET, DEPOSIT_TICKET) else None
        observed = plaintext.address() if kind in (ANNOUNCED, REACHED) else None
        reached = plaintext.u8() if kind == REACHED else None
        if reached not in (None, 0, 1):
            raise Malformed("reached is 0 or 1")
        until = plaintext.u64() if kind == DEPOSITS_TAKEN else None
        services = _read_names(plaintext) if kind == SERVICES else []
        plaintext.end()
        self._login.time = time
        if fresh is not None:
            self._login.request_key, self._login.tgt = fresh
        return GrantingReply(kind, time, grant, observed, reached, until, services)


def _read_grant(reader: Reader, kind: int) -> TicketGrant:
    name, session_key = reader.name(), reader.bytes(32)
    peer = Credentials(name, reader.bytes(32), reader.bytes(64), SignedLoginKey.read(reader))
    ticket = reader.bytes(TICKET_LENGTH)
    if kind == DEPOSIT_TICKET:
        return TicketGrant(peer, session_key, ticket, mailbox=reader.optional_name())
    return TicketGrant(peer, session_key, ticket, reader.addresses(6))


def _read_names(reader: Reader) -> list[str]:
    names = [reader.name() for _ in range(reader.u8())]
    if len(names) > LIST_LIMIT or names != sorted(set(names)):
        raise Malformed("names that are not in order, or too many")
    return names


@dataclass(frozen=True)
class Ticket:
    """4.5, opened by the responder."""

    purpose: int
    initiator: Credentials
    responder: str
    session_key: bytes
    ephemeral: bytes
    issued: int
    expires: int
    ticket_id: bytes

    @classmethod
    def open(cls, sealed: bytes, login: Login) -> "Ticket":
        if len(sealed) != TICKET_LENGTH:
            raise Malformed("length of a ticket")
        body = open_with_nonce(login.ticket_key, context("trent ticket v1", login.realm), sealed)
        reader = Reader(body)
        purpose, initiator, responder = reader.u8(), reader.name(), reader.name()
        session_key, ephemeral = reader.bytes(32), reader.bytes(32)
        identity_key, certificate = reader.bytes(32), reader.bytes(64)
        credentials = Credentials(initiator, identity_key, certificate, SignedLoginKey.read(reader))
        issued, expires, ticket_id = reader.u64(), reader.u64(), reader.bytes(8)
        reader.end()
        return cls(
            purpose, credentials, responder, session_key, ephemeral, issued, expires, ticket_id
        )


@dataclass
class Trust:
    """5.2, with the pins of one device."""

    pins: dict[tuple[bytes, str], bytes] = field(default_factory=dict)

    def accepts(self, own: Login, peer: Credentials, now: int, machine_now: int) -> bool:
        """U1 to U4; pinning (U5) is the caller's, once the session has verified."""
        if peer.name == own.name:
            return False
        pin = self.pins.get((own.realm, peer.name))
        if pin is None:
            text = certificate_text(own.realm, peer.name, peer.identity_key)
            if not verifies(own.kdc_identity, peer.certificate, text):
                return False
        elif pin != peer.identity_key:
            return False
        key = peer.login_key
        if not key.verifies(own.realm, peer.name, peer.identity_key):
            return False
        minute, day = 60_000, 86_400_000
        clocks = ((now, 5 * minute), (machine_now, day))
        return key.issued < key.expires <= key.issued + 32 * day and all(
            key.issued <= clock + tolerance and key.expires > clock - tolerance
            for clock, tolerance in clocks
        )

    def pin(self, own: Login, peer: Credentials) -> None:
        self.pins[(own.realm, peer.name)] = peer.identity_key
