"""Section 4.3, C, against the real KDC: a change of secret, and what must not be one."""

from collections.abc import Callable
from dataclasses import replace

from checks import Checks
from programs import Laboratory
from sealed_checks import flipped, timed
from trent import granting, sealed
from trent.keys import SecretChange, identity_proof
from trent.person import Person, Salted
from trent.primitives import agreement_public, random


class ChangeChecks:
    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.laboratory, self.center = checks, laboratory, laboratory.kdc

    def run(self) -> None:
        group = self.checks.group
        group("C: a change of secret", self.change)
        group("C: what dies with the old secret", self.afterwards)
        group("C2: refusals", self.refusals)

    def person(self, name: str) -> Person:
        person = Person(self.center, name, b"the first passphrase")
        person.register()
        return person

    def change(self) -> None:
        check, person = self.checks, self.person("changer")
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            before = person.salted(connection, epoch)
            exchange = person.change_request(
                epoch, before, person.change_to(b"the second passphrase", before)
            )
            reply = exchange.open(connection.ask(exchange.request) or b"", before.key.reply_key)
            fields = reply.fields
            found = (reply.kind, reply.proven, fields.name(), fields.u32())
            fields.end()
            expected = (sealed.CHANGED, True, person.name, before.kvno + 1)
            check.same("C3: changed, with the next kvno", found, expected)
            told = person.told_salt(connection, epoch)
            check.same("C3: salt and cost stay", told[:2], (before.cost, before.salt))
            check.same("S2: tells the next kvno", told[2], before.kvno + 1)
            again = exchange.open(connection.ask(exchange.request) or b"")
            check.same("C2: the same request again is refused", again.kind, sealed.REFUSED)
        person.secret = b"the second passphrase"
        # With the certificate of the same identity key.
        check.same("the new secret logs in", person.login().name, person.name)
        line = f" secret-changed kvno={before.kvno + 1} name=changer from=127.0.0.1:"
        check.that("the log says so", line in self.laboratory.log())

    def afterwards(self) -> None:
        check, person, peer = self.checks, self.person("leaver"), self.person("stayer")
        old = person.login()
        check.same("announced", person.announce(old, 60001).kind, granting.ANNOUNCED)
        theirs = peer.login()
        reply, _ = peer.ticket(theirs, person.name)
        check.same("before, others get tickets", reply.kind, granting.TICKET)
        stale = self.stale_requests(person)
        check.same("changed", person.change_secret(b"another passphrase").kind, sealed.CHANGED)
        for what, kind, fields in (
            ("ticket", granting.TICKET_REQUEST, self.ticket_fields(old, peer.name)),
            ("announcement", granting.ANNOUNCE, granting.announce_fields(old, 60001, [])),
            ("withdrawal", granting.WITHDRAW, b""),
        ):
            for udp in (False, True):
                found = person.ask(old, kind, fields, udp).kind
                check.same(f"T3: {what} under the old kvno: login over", found, granting.LOGIN_OVER)
        reply, _ = peer.ticket(theirs, person.name)
        check.same("T4: nobody is sent to the old presence", reply.kind, granting.NOT_PRESENT)
        for what, request in stale:
            with self.center.connect() as connection:
                opened = request.open(connection.ask(request.request) or b"")
                check.same(f"{what} made before is refused", opened.kind, sealed.REFUSED)
        present = person.login()
        check.same("announced anew", person.announce(present, 60002).kind, granting.ANNOUNCED)
        reply, _ = peer.ticket(theirs, person.name)
        check.same("T4: and found again", reply.kind, granting.TICKET)

    def ticket_fields(self, login: granting.Login, peer: str) -> bytes:
        return granting.ticket_fields(login, peer, agreement_public(random(32)))

    def stale_requests(self, person: Person) -> list[tuple[str, sealed.SealedExchange]]:
        """Good ones under the present secret, which are not sent yet."""
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = person.salted(connection, epoch)
            login, _ = person.login_request(epoch, salted)
            change = person.change_request(epoch, salted, person.change_to(b"a third", salted))
            fields = person.registration_fields(epoch, salted, 60000)
            registration = sealed.SealedExchange(
                epoch, sealed.REGISTRATION, fields, salted.key.proof_key
            )
            return [("a login", login), ("a change", change), ("the registration", registration)]

    def refused(
        self,
        what: str,
        person: Person,
        bend: Callable[[SecretChange], SecretChange] = lambda change: change,
        proof: Callable[[bytes, bytes], bytes | None] = lambda realm, proof: None,
        prove_with: Callable[[Salted], Salted] = lambda salted: salted,
    ) -> None:
        """`bend` comes before the signature, `proof` takes its place."""
        with self.center.connect() as connection:
            epoch = self.center.epoch(connection)
            salted = person.salted(connection, epoch)
            change = bend(person.change_to(b"never this one", salted))
            signature = proof(epoch.realm, change.signed_by(person.seed, epoch.realm))
            exchange = person.change_request(epoch, prove_with(salted), change, signature)
            reply, seconds = timed(connection.ask, exchange.request)
            opened = exchange.open(reply, salted.key.reply_key)
            opened.fields.end()
            self.checks.same(f"C2: {what} is refused", opened.kind, sealed.REFUSED)
            self.checks.that(f"{what}: after 200 ms", 0.2 <= seconds < 0.5, seconds)

    def refusals(self) -> None:
        person = self.person("keeper")
        for what, bend in (
            ("the next kvno", lambda it: replace(it, kvno=it.kvno + 1)),
            ("the kvno before", lambda it: replace(it, kvno=it.kvno - 1)),
            ("a request of 62 s ago", lambda it: replace(it, time=it.time - 62_000)),
            ("a request in 62 s", lambda it: replace(it, time=it.time + 62_000)),
            ("a request of no time", lambda it: replace(it, time=0)),
            ("a request at the end of time", lambda it: replace(it, time=2**64 - 1)),
            ("another salt", lambda it: replace(it, salt=flipped(it.salt, 0))),
        ):
            self.refused(what, person, bend)
        self.refused("a bent signature", person, proof=lambda _, proof: flipped(proof, 0))
        self.refused(
            "the proof of a registration",
            person,
            proof=lambda realm, _: identity_proof(
                person.seed, realm, person.name, person.identity_key
            ),
        )
        thief = Person(self.center, person.name, person.secret)
        self.refused("who knows the passphrase alone", thief)
        guesser = Person(self.center, person.name, b"a wrong passphrase", person.seed)
        self.refused("who has the identity key alone", guesser)
        self.refused("an unknown name", Person(self.center, "nobody3", b"a passphrase"))
        self.checks.same("and the passphrase is what it was", person.login().name, person.name)
