"""Sections 4.1 to 4.3 against the real KDC: envelope, epoch key, salt, registration, login."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from checks import Checks
from programs import FREE_FAILURES, Laboratory
from trent import sealed
from trent.encoding import Address, padded, u16, u32, word
from trent.envelope import EPOCH_REQUEST, Connection, message
from trent.hpke import agrees_with_library
from trent.keys import HOUR, Cost, LoginKey, SharedKey, digest
from trent.person import Person
from trent.primitives import random

DEFAULT_COST = Cost(3, 65536, 4)


def timed(ask: Callable[[bytes], bytes | None], request: bytes) -> tuple[bytes, float]:
    begin = time.monotonic()
    reply = ask(request)
    return reply or b"", time.monotonic() - begin


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


class SealedChecks:
    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.laboratory, self.center = checks, laboratory, laboratory.kdc

    def run(self) -> None:
        group = self.checks.group
        group("HPKE of this test", self.hpke)
        group("E: the epoch key", self.epoch)
        group("4.1: the envelope", self.envelope)
        group("S: salts", self.salts)
        group("R: registration", self.registration)
        group("L: login", self.login)
        group("L: refusals", self.refusals)
        group("6.4: slowing down", self.slow_down)

    def hpke(self) -> None:
        self.checks.that("the library opens what this test seals", agrees_with_library())

    def epoch(self) -> None:
        with self.center.connect() as connection:
            first, second = self.center.epoch(connection), self.center.epoch(connection)
        now = time.time_ns() // 1_000_000
        check = self.checks
        check.that("E3: the signature verifies under the pinned identity", True)
        found = word(first.identity)
        check.same("2.2: the KDC's word is that of its key", found, self.laboratory.word)
        check.same("E2: the same key is told twice", first, second)
        check.that("E4: it is good now", first.not_before <= now < first.not_after)
        check.same("6.1: it lives for 60 minutes", first.not_after - first.not_before, HOUR)

    def envelope(self) -> None:
        check, epoch_request = self.checks, message(EPOCH_REQUEST)
        for kind in (2, 4, 6, 8):
            with self.center.connect() as connection:
                reply = connection.ask(message(kind))
                check.same(f"type {kind} closes the connection", reply, None)
        failure = message(8, b"\1")
        for what, data in (
            ("an unknown type", message(7)),
            ("another version", b"\2\1"),
            ("a byte left over", epoch_request + b"\0"),
            ("a missing type", b"\1"),
        ):
            with self.center.connect() as connection:
                check.same(f"{what} is answered with Failure 1", connection.ask(data), failure)
        for what, length in (("zero", 0), ("4097", 4097)):
            with self.center.connect() as connection:
                connection.send_raw(u16(length))
                check.same(f"length {what} closes the connection", connection.receive(), None)
        with self.center.datagrams() as datagrams:
            reply = datagrams.ask(epoch_request, patience=0.5)
            check.same("by UDP a request for the epoch key is met with silence", reply, None)
            reply = datagrams.ask(random(400), patience=0.5)
            check.same("by UDP noise is met with silence", reply, None)
        with self.center.connect() as connection:
            request = u16(len(epoch_request)) + epoch_request
            connection.send_raw(request * 3)
            replies = [connection.receive() for _ in range(3)]
            same = replies[0] and len(set(replies)) == 1
            check.that("three requests in one piece get three replies", same)

    def salts(self) -> None:
        check, nobody = self.checks, Person(self.center, "nobody", b"")
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            first = nobody.told_salt(connection, epoch)
            second = nobody.told_salt(connection, epoch)
            other = Person(self.center, "nobody2", b"").told_salt(connection, epoch)
        check.same("S2: an unknown name gets the default parameters", first[0], DEFAULT_COST)
        check.same("S2: and the same salt and kvno each time", first[:3], second[:3])
        check.that("S2: another name has another salt", first[1] != other[1])
        check.that("3.1: kvno is between 1 and 65536", 1 <= first[2] <= 65536)
        person = Person(self.center, "salty", b"a passphrase")
        with self.center.connect() as connection:
            before = person.told_salt(connection, epoch)[:3]
        check.same("R4: registered", person.register().kind, sealed.REGISTERED)
        with self.center.connect() as connection:
            after = person.told_salt(connection, epoch)[:3]
        check.same("S2: registering changes nothing of that", after, before)

    def registration(self) -> None:
        check = self.checks
        person = Person(self.center, "registrar", b"a passphrase")
        for what, bend in (
            ("another kvno", lambda salted: replace(salted, kvno=salted.kvno + 1)),
            ("another salt", lambda salted: replace(salted, salt=flipped(salted.salt, 0))),
        ):
            reply = self.bent_registration(person, bend)
            check.same(f"R3: {what} is refused", reply.kind, sealed.REFUSED)
        for cost in (Cost(3, 31, 4), Cost(17, 65536, 4), Cost(3, 65536, 17), Cost(0, 65536, 4)):
            bend = partial(replace, cost=cost)
            what = f"R3: {cost} is answered with Failure 1"
            check.failure(what, 1, self.bent_registration, person, bend)
        reply = self.bent_registration(person, lambda salted: salted, wrong_identity_proof=True)
        check.same("R2: a wrong identity proof is refused", reply.kind, sealed.REFUSED)
        reply = self.bent_registration(person, lambda salted: salted, wrong_proof=True)
        check.same("R2: a wrong proof is refused", reply.kind, sealed.REFUSED)
        reply = person.register()
        found = (reply.kind, reply.proven)
        check.same("R4: registered after all that", found, (sealed.REGISTERED, True))
        name, kvno = reply.fields.name(), reply.fields.u32()
        reply.fields.end()
        with self.center.connect() as connection:
            told = person.told_salt(connection, self.center.epoch(connection))
        check.same("kind 2 names the name and its kvno", (name, kvno), ("registrar", told[2]))
        thief = Person(self.center, "registrar", b"another passphrase")
        begin = time.monotonic()
        reply = thief.register()
        reply.fields.end()
        check.same("R3: a name that exists is taken", reply.kind, sealed.TAKEN)
        check.that("and told so 200 ms after the request", time.monotonic() - begin >= 0.2)
        check.same("and nothing has changed", person.login().name, "registrar")

    def bent_registration(
        self,
        person: Person,
        bend: Callable[..., object],
        wrong_identity_proof: bool = False,
        wrong_proof: bool = False,
    ) -> sealed.SealedReply:
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = bend(person.salted(connection, epoch))
            key = SharedKey.derived(salted.digest, epoch.realm, person.name, salted.kvno)
            fields = person.registration_fields(epoch, salted, 60000)
            if wrong_identity_proof:
                fields = flipped(fields, len(fields) - 3)
            proof_key = random(32) if wrong_proof else key.proof_key
            exchange = sealed.SealedExchange(epoch, sealed.REGISTRATION, fields, proof_key)
            return exchange.open(connection.ask(exchange.request) or b"", key.reply_key)

    def login(self) -> None:
        check = self.checks
        person = Person(self.center, "login", b"a passphrase")
        person.register()
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = person.salted(connection, epoch)
            exchange, key = person.login_request(epoch, salted)
            reply = exchange.open(connection.ask(exchange.request) or b"", salted.key.reply_key)
            login = person.accept_login(epoch, salted.kvno, key, reply)
            address = Address("127.0.0.1", connection.own_port())
            check.that("L3: granted, to this name, with a certificate that verifies", True)
            check.same("the observed address is this connection's", login.observed, address)
            check.that("KDC time is now", abs(reply.time - time.time_ns() // 1_000_000) < 60_000)
            check.same("the login ends after ten hours", login.end - login.time, 10 * HOUR)

            again = connection.ask(exchange.request) or b""
            refusal = exchange.open(again, salted.key.reply_key)
            check.same("L2: the same request again is refused", refusal.kind, sealed.REFUSED)
        for wanted, given in ((36_001, 36_000), (2**32 - 1, 36_000), (0, 60), (3600, 3600)):
            login = person.login(wanted)
            check.same(f"L3: {wanted} s asked for", (login.end - login.time) // 1000, given)
        stranger = Person(self.center, "login", b"a passphrase")
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = stranger.salted(connection, epoch)
            exchange, _ = stranger.login_request(epoch, salted)
            reply = exchange.open(connection.ask(exchange.request) or b"", salted.key.reply_key)
        found = (reply.kind, reply.proven, reply.fields.bytes(32))
        reply.fields.end()
        expected = (sealed.OTHER_IDENTITY, True, person.identity_key)
        check.same("L2: with another identity key the registered one is told", found, expected)

    def refusals(self) -> None:
        check = self.checks
        known = Person(self.center, "known", b"a passphrase")
        known.register()
        wrong = Person(self.center, "known", b"a wrong passphrase", known.seed)
        unknown = Person(self.center, "unknown", b"a passphrase")
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            forms = []
            for what, person in (("wrong proof", wrong), ("unknown name", unknown)):
                exchange, _ = person.login_request(epoch, person.salted(connection, epoch))
                reply, seconds = timed(connection.ask, exchange.request)
                opened = exchange.open(reply)
                opened.fields.end()
                forms.append((len(reply), reply[:3], opened.kind, opened.proven))
                check.that(f"{what}: answered after 200 ms", 0.2 <= seconds < 0.4, seconds)
            check.same("both are kind 0, not proven", forms[0][2:], (sealed.REFUSED, False))
            check.same("unknown name and wrong proof have the same form", forms[0], forms[1])
            self.stale_kvno(connection, epoch, known)
            self.tampered(epoch, known)

    def slow_down(self) -> None:
        """A name that nobody has: the brake must not tell one that somebody has from it."""
        check, guesser = self.checks, Person(self.center, "guessed", b"a passphrase")
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = guesser.salted(connection, epoch)
            kinds = []
            for _ in range(FREE_FAILURES + 1):
                exchange, _ = guesser.login_request(epoch, salted)
                reply = exchange.open(connection.ask(exchange.request) or b"")
                kinds.append(reply.kind)
            seconds = reply.fields.u32()
            reply.fields.end()
        expected = [sealed.REFUSED] * FREE_FAILURES + [sealed.SLOW_DOWN]
        check.same("L2: the brake closes after so many wrong proofs", kinds, expected)
        check.that("and tells for how long, in whole seconds", 1 <= seconds <= 3600, seconds)

    def stale_kvno(self, connection: Connection, epoch: sealed.Epoch, known: Person) -> None:
        cost, salt, kvno, now = known.told_salt(connection, epoch)
        key = SharedKey.derived(digest(known.secret, salt, cost), epoch.realm, known.name, kvno)
        login_key = LoginKey.make(known.seed, epoch.realm, known.name, kvno + 1, now, HOUR)
        fields = padded(known.name) + known.identity_key + login_key.signed.encoded() + u32(3600)
        exchange = sealed.SealedExchange(epoch, sealed.LOGIN, fields, key.proof_key)
        reply = exchange.open(connection.ask(exchange.request) or b"")
        self.checks.same("another kvno is refused", reply.kind, sealed.REFUSED)

    def tampered(self, epoch: sealed.Epoch, known: Person) -> None:
        exchange = sealed.SealedExchange(epoch, sealed.SALT_REQUEST, padded(known.name))
        request = exchange.request
        for what, position, code in (
            ("another epoch id", 5, 2),
            ("a bent encapsulated key (ML-KEM)", 20, 1),
            ("a bent encapsulated key (X25519)", 1125, 1),
            ("a bent ciphertext", len(request) - 1, 1),
        ):
            with self.center.connect() as connection:
                reply = connection.ask(flipped(request, position)) or b""
                title = f"Q2: {what} is answered with Failure {code}"
                self.checks.failure(title, code, exchange.open, reply)
        for what, kind, fields in (
            ("an unknown kind", 9, padded("known")),
            ("a name with non-zero padding", sealed.SALT_REQUEST, flipped(padded("known"), 60)),
            ("a name in capitals", sealed.SALT_REQUEST, padded("Known")),
            ("a byte left over", sealed.SALT_REQUEST, padded("known") + b"\0"),
            ("an empty plaintext but its kind", sealed.LOGIN, b""),
        ):
            bent = sealed.SealedExchange(epoch, kind, fields)
            with self.center.connect() as connection:
                reply = connection.ask(bent.request) or b""
                self.checks.failure(f"Q2: {what} is answered with Failure 1", 1, bent.open, reply)
