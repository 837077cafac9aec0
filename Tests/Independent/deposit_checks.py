"""Sections 3.10 and 5.7 against the transcripts, and the real client that takes deposits."""

from collections.abc import Callable
from dataclasses import replace

from cryptography.exceptions import InvalidTag

from checks import Checks
from parties import DONE, Parties
from sealed_checks import flipped
from transcripts import Section, transcript
from trent.deposit import DAY, Deposit, Receiver, keys_file, open_keys_file, seal_deposit
from trent import granting
from trent.encoding import Address, Malformed, Reader
from trent.granting import Login, TicketGrant, Trust
from trent.keys import LoginKey, SignedLoginKey, certificate_text, open_identity_file
from trent.primitives import agreement_public, random, sign, signing_public
from trent.session import Refused


def login(kdc: Section, credential: Section) -> Login:
    """What a section `credential` holds, signed and certified anew."""
    realm, name = kdc.values["realm"], credential.words["name"]
    seed, private = credential.values["identity-seed"], credential.values["login-key"]
    times = (credential.number("login-key-issued"), credential.number("login-key-expires"))
    kvno, public = credential.number("key-version"), agreement_public(private)
    signature = sign(seed, SignedLoginKey.text(realm, name, public, *times, kvno))
    text = certificate_text(realm, name, signing_public(seed))
    return Login(
        realm=realm,
        kdc_identity=kdc.values["identity"],
        name=name,
        identity_key=signing_public(seed),
        certificate=sign(kdc.values["identity-seed"], text),
        login_key=LoginKey(private, SignedLoginKey(public, *times, kvno, signature)),
        request_key=credential.values["request-key"],
        ticket_key=credential.values["ticket-key"],
        end=credential.number("login-end"),
        observed=Address("192.0.2.7", 40000),
        tgt=credential.values["ticket-granting-ticket"],
        time=credential.number("granted-at"),
    )


class DepositChecks:
    def __init__(self, checks: Checks):
        self.checks = checks

    def run(self) -> None:
        self.checks.group("5.7: a deposit, as it is recorded", self.recorded)
        self.checks.group("G2: deposits that are not opened", self.refused)
        self.checks.group("3.10: keys for deposits, as they are recorded", self.keys)

    def scene(self, path: str) -> tuple[dict[str, Section], Login, Login]:
        sections = transcript(path)
        kdc = sections["kdc"]
        alice = login(kdc, sections["credential alice"])
        return sections, alice, login(kdc, sections["credential bob"])

    def receiver(self, sections: dict[str, Section], bob: Login) -> Receiver:
        now = sections["grant"].number("time")
        return Receiver(bob, Trust(), now, now)

    def sealed(self, sections: dict[str, Section], alice: Login, bob: Login) -> Deposit:
        grant, first = sections["grant"], sections["deposit"].values["first-record"]
        given = TicketGrant(bob.own(), grant.values["session-key"], grant.values["ticket"])
        return seal_deposit(alice, given, grant.values["ephemeral-key"], first)

    def recorded(self) -> None:
        check = self.checks
        sections, alice, bob = self.scene("peer/deposit")
        written, behind = sections["deposit"].values, sections["deposit record"].values
        deposit = self.sealed(sections, alice, bob)
        check.same("G1: the letter, byte for byte", deposit.letter, written["letter"])
        check.same("G1: the handshake hash", deposit.handshake_hash, written["handshake-hash"])
        check.same("G1: the record", deposit.seal(behind["plaintext"]), behind["record"])
        opened = self.receiver(sections, bob).open(written["letter"])
        check.same("G2: the first record", opened.first, written["first-record"])
        check.same("G2: the handshake hash", opened.handshake_hash, written["handshake-hash"])
        check.same("G2: the record", opened.open(behind["record"]), behind["plaintext"])

    def refused(self) -> None:
        sections, _, bob = self.scene("peer/deposit")
        letter = sections["deposit"].values["letter"]
        for position in (0, 5, 100, 495, 530, len(letter) - 1):
            bent = flipped(letter, position)
            self.refuses(f"byte {position} is bent", self.receiver(sections, bob).open, bent)
        late = self.receiver(sections, bob)
        late.machine_now += 34 * DAY
        self.refuses("by one's own clock it is over", late.open, letter)
        again = self.receiver(sections, bob)
        again.taken.add(letter[492:524])
        self.refuses("it was taken before", again.open, letter)
        for path in ("purpose", "before", "expired"):
            other, _, receiver = self.scene(f"fault/g2-{path}")
            recorded = other["deposit"].values["letter"]
            self.refuses(f"recorded: {path}", self.receiver(other, receiver).open, recorded)

    def refuses(self, what: str, action: Callable[..., object], *arguments: object) -> None:
        try:
            action(*arguments)
        except (Refused, Malformed, InvalidTag):
            self.checks.that(f"refused: {what}", True)
        else:
            self.checks.that(f"refused: {what}", False)

    def keys(self) -> None:
        check = self.checks
        sections = transcript("device/deposit-keys")
        credential, kept = sections["credential bob"], sections["deposit keys"].values
        bob, seed = login(sections["kdc"], credential), credential.values["identity-seed"]
        file = keys_file(bob, bob.ticket_key, seed, kept["random.nonce"])
        check.same("the file, byte for byte", file, kept["file"])
        check.same("it has 270 bytes", len(file), 270)
        expected = (bob.login_key.private, bob.ticket_key, bob.login_key.signed.encoded())
        check.same("it opens", open_keys_file(kept["file"], bob, seed), expected)


class TakingChecks:
    """B1 and 3.10 by the real client: what it keeps opens what Python leaves for it."""

    def __init__(self, parties: Parties):
        self.parties, self.checks = parties, parties.checks

    def run(self) -> None:
        check, asker = self.checks, self.parties.sender
        laboratory, name = self.parties.laboratory, "away-bob"
        for life in (3, 5):
            program = laboratory.client(name, "login", "--deposit-lifetime", f"{life}d")
            check.same(f"a login that takes deposits for {life} days", program.wait(), DONE)
        home = laboratory.home(name)
        files = [path for path in home.glob(f"deposits/*/{name}/*") if "~" not in path.name]
        check.same("3.10: a file for each login", len(files), 2)
        (identity,) = home.glob(f"identities/*/{name}")
        realm = asker.login.realm
        passphrase = laboratory.passphrase(name)
        seed = open_identity_file(identity.read_bytes(), passphrase, realm, name)
        ephemeral = random(32)
        public = agreement_public(ephemeral)
        fields = granting.ticket_fields(asker.login, name, public, granting.DEPOSIT)
        reply = asker.person.ask(asker.login, granting.TICKET_REQUEST, fields)
        check.same("B2: deposits are taken", reply.kind, granting.DEPOSIT_TICKET)
        told = reply.grant.peer
        check.same("its mailbox is not set", reply.grant.mailbox, None)
        signed = told.login_key
        check.same("B1: the time that was asked for", signed.expires - signed.issued, 5 * DAY)
        # `own` is of the asker but for what is the receiver's.
        own = replace(
            asker.login, name=name, identity_key=told.identity_key, certificate=told.certificate
        )
        opened = [open_keys_file(path.read_bytes(), own, seed) for path in files]
        found = [it for it in opened if it[2] == signed.encoded()]
        check.same("3.10: one of them is of the login that is told", len(found), 1)
        private, ticket_key, encoded = found[0]
        key = LoginKey(private, SignedLoginKey.read(Reader(encoded)))
        check.same("3.10: its private half", agreement_public(private), signed.public)
        deposit = seal_deposit(asker.login, reply.grant, ephemeral, b"while you were away")
        kept = replace(own, login_key=key, ticket_key=ticket_key)
        receiver = Receiver(kept, Trust(), signed.issued, signed.issued)
        what = "G2: what is left for it opens"
        check.same(what, receiver.open(deposit.letter).first, b"while you were away")
