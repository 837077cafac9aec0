"""Sections 3.10 and 5.7 against the transcripts: no program takes deposits by itself yet."""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag

from checks import Checks
from sealed_checks import flipped
from transcripts import Section, transcript
from trent.deposit import DAY, Deposit, Receiver, keys_file, open_keys_file, seal_deposit
from trent.encoding import Address, Malformed
from trent.granting import Login, TicketGrant, Trust
from trent.keys import LoginKey, SignedLoginKey, certificate_text
from trent.primitives import agreement_public, sign, signing_public
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

    def refuses(self, what: str, action: Callable[[bytes], Deposit], letter: bytes) -> None:
        try:
            action(letter)
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
