"""A user with a device: registers, logs in and asks for tickets, in the order of section 4."""

import time
from dataclasses import dataclass, field

from . import granting, sealed
from .encoding import Malformed, identity_of, padded, u16, u32
from .envelope import EPOCH_REQUEST, Connection, Datagrams, message
from .granting import GrantingExchange, GrantingReply, Login, Trust
from .keyfile import KeyFile
from .keys import (
    HOUR,
    Cost,
    LoginKey,
    SecretChange,
    SharedKey,
    certificate_text,
    digest,
    identity_proof,
)
from .primitives import agreement_public, random, signing_public, verifies

TEN_HOURS = 36_000


def machine_time() -> int:
    return time.time_ns() // 1_000_000


class Center:
    """Where a KDC is, and which identity it must have."""

    def __init__(self, port: int, word: str, host: str = "127.0.0.1"):
        self.host, self.port, self.identity = host, port, identity_of(word)

    def connect(self) -> Connection:
        return Connection(self.host, self.port)

    def datagrams(self) -> Datagrams:
        return Datagrams(self.host, self.port)

    def epoch(self, connection: Connection) -> sealed.Epoch:
        reply = connection.ask(message(EPOCH_REQUEST))
        return sealed.Epoch.read(reply or b"", self.identity)


@dataclass(frozen=True)
class Salted:
    """S2, and what was made of it."""

    cost: Cost
    salt: bytes
    kvno: int
    time: int
    digest: bytes
    key: SharedKey


@dataclass
class Person:
    center: Center
    name: str
    secret: bytes | KeyFile
    seed: bytes = field(default_factory=lambda: random(32))
    trust: Trust = field(default_factory=Trust)

    @property
    def identity_key(self) -> bytes:
        return signing_public(self.seed)

    def told_salt(
        self, connection: Connection, epoch: sealed.Epoch
    ) -> tuple[Cost, bytes, int, int]:
        """S1, S2: cost, salt, kvno and KDC time."""
        exchange = sealed.SealedExchange(epoch, sealed.SALT_REQUEST, padded(self.name))
        reply = exchange.open(connection.ask(exchange.request) or b"")
        if reply.kind != sealed.SALT:
            raise Malformed("a salt was asked for")
        fields = reply.fields
        cost = Cost(fields.u32(), fields.u32(), fields.u32())
        salt, kvno = fields.bytes(16), fields.u32()
        fields.end()
        if not cost.acceptable():
            raise Malformed("the KDC asks for too much or too little work")
        return cost, salt, kvno, reply.time

    def salted(self, connection: Connection, epoch: sealed.Epoch) -> Salted:
        cost, salt, kvno, now = self.told_salt(connection, epoch)
        if isinstance(self.secret, KeyFile):
            made = self.secret.digest(salt)
        else:
            made = digest(self.secret, salt, cost)
        key = SharedKey.derived(made, epoch.realm, self.name, kvno)
        return Salted(cost, salt, kvno, now, made, key)

    def registration_fields(self, epoch: sealed.Epoch, salted: Salted, port: int) -> bytes:
        """R1."""
        proof = identity_proof(self.seed, epoch.realm, self.name, self.identity_key)
        fields = padded(self.name) + u32(salted.kvno) + salted.cost.encoded() + salted.salt
        return fields + salted.digest + self.identity_key + proof + u16(port)

    def register(self, port: int = 60000) -> sealed.SealedReply:
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = self.salted(connection, epoch)
            fields = self.registration_fields(epoch, salted, port)
            exchange = sealed.SealedExchange(
                epoch, sealed.REGISTRATION, fields, salted.key.proof_key
            )
            return exchange.open(connection.ask(exchange.request) or b"", salted.key.reply_key)

    def login_request(
        self,
        epoch: sealed.Epoch,
        salted: Salted,
        lifetime: int = TEN_HOURS,
        key_life: int | None = None,
    ) -> tuple[sealed.SealedExchange, LoginKey]:
        """L1; the life of the key in milliseconds, where it is longer than the login."""
        life = key_life or lifetime * 1000 + HOUR
        key = LoginKey.make(
            self.seed, epoch.realm, self.name, salted.kvno, salted.time, life
        )
        fields = padded(self.name) + self.identity_key + key.signed.encoded() + u32(lifetime)
        exchange = sealed.SealedExchange(epoch, sealed.LOGIN, fields, salted.key.proof_key)
        return exchange, key

    def accept_login(
        self, epoch: sealed.Epoch, kvno: int, key: LoginKey, reply: sealed.SealedReply
    ) -> Login:
        """L3, the client's part."""
        if reply.kind != sealed.GRANTED:
            raise Malformed(f"not granted but {reply.kind}")
        fields = reply.fields
        if fields.name() != self.name or fields.u32() != kvno:
            raise Malformed("somebody else's login")
        certificate = fields.bytes(64)
        text = certificate_text(epoch.realm, self.name, self.identity_key)
        if not verifies(epoch.identity, certificate, text):
            raise Malformed("the certificate does not verify")
        request_key, ticket_key, end = fields.bytes(32), fields.bytes(32), fields.u64()
        observed, tgt = fields.address(), fields.bytes(granting.TGT_LENGTH)
        fields.end()
        return Login(
            realm=epoch.realm,
            kdc_identity=epoch.identity,
            name=self.name,
            identity_key=self.identity_key,
            certificate=certificate,
            login_key=key,
            request_key=request_key,
            ticket_key=ticket_key,
            end=end,
            observed=observed,
            tgt=tgt,
            time=reply.time,
        )

    def login(self, lifetime: int = TEN_HOURS, key_life: int | None = None) -> Login:
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = self.salted(connection, epoch)
            exchange, key = self.login_request(epoch, salted, lifetime, key_life)
            reply = exchange.open(connection.ask(exchange.request) or b"", salted.key.reply_key)
            return self.accept_login(epoch, salted.kvno, key, reply)

    def change_to(self, passphrase: bytes, salted: Salted) -> SecretChange:
        """C1: the fields for another passphrase."""
        made = digest(passphrase, salted.salt, salted.cost)
        return SecretChange(
            self.name, salted.kvno, salted.time, salted.cost, salted.salt, made
        )

    def change_request(
        self, epoch: sealed.Epoch, salted: Salted, change: SecretChange, proof: bytes | None = None
    ) -> sealed.SealedExchange:
        """C1; `proof` takes the place of one's own signature."""
        fields = change.encoded(proof or change.signed_by(self.seed, epoch.realm))
        return sealed.SealedExchange(epoch, sealed.CHANGE, fields, salted.key.proof_key)

    def change_secret(self, passphrase: bytes) -> sealed.SealedReply:
        """C1 to C3. The person knows the new passphrase if the KDC has taken it."""
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = self.salted(connection, epoch)
            exchange = self.change_request(epoch, salted, self.change_to(passphrase, salted))
            reply = exchange.open(connection.ask(exchange.request) or b"", salted.key.reply_key)
            if reply.kind == sealed.CHANGED:
                self.secret = passphrase
            return reply

    def ask(self, login: Login, kind: int, fields: bytes = b"", udp: bool = False) -> GrantingReply:
        """T1 to T5; a clock that is off is set by the reply (kind 7), and the request made anew."""
        opened = self.center.datagrams() if udp else self.center.connect()
        with opened as way:
            for _ in range(2):
                exchange = GrantingExchange(login, kind, fields)
                reply = exchange.open(way.ask(exchange.request) or b"")
                if reply.kind != granting.WRONG_TIME:
                    break
            return reply

    def announce(self, login: Login, port: int, udp: bool = False) -> GrantingReply:
        return self.ask(login, granting.ANNOUNCE, granting.announce_fields(login, port, []), udp)

    def ticket(
        self, login: Login, peer: str, udp: bool = False, purpose: int = granting.SESSION
    ) -> tuple[GrantingReply, bytes]:
        """The reply, and the private half of E."""
        ephemeral = random(32)
        fields = granting.ticket_fields(login, peer, agreement_public(ephemeral), purpose)
        reply = self.ask(login, granting.TICKET_REQUEST, fields, udp)
        if reply.grant is not None and reply.grant.peer.name != peer:
            raise Malformed("T5: the ticket is for another peer")
        return reply, ephemeral
