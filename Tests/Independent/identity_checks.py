"""Sections 3.6 and 3.8 with the real client: identities on their way, and fingerprints."""

import pathlib

from parties import DONE, Parties
from trent.keys import fingerprint, make_identity_file, open_identity_file
from trent.primitives import random, signing_public

REFUSED, UNREADABLE = 5, 9


class IdentityChecks:
    """After honest transfers: alice has met python-b, and python-b has met alice."""

    def __init__(self, parties: Parties):
        self.parties, self.checks = parties, parties.checks
        self.laboratory = parties.laboratory
        self.realm = parties.receiver.login.realm

    def run(self) -> None:
        self.checks.group("3.8: fingerprints", self.fingerprints)
        self.checks.group("3.6: an exported identity", self.exported)
        self.checks.group("3.6: an identity made here", self.imported)

    def secret_files(self) -> list[str]:
        """alice's passphrase, and an export passphrase, as arguments."""
        laboratory = self.laboratory
        own = laboratory.passphrase_file("alice", laboratory.passphrase("alice"))
        export = laboratory.passphrase_file("export", b"on its way")
        return ["--passphrase-file", own, "--export-passphrase-file", export]

    def fingerprints(self) -> None:
        key = self.parties.receiver.login.identity_key
        program = self.laboratory.offline("alice", "peers")
        self.checks.same("client peers", program.wait(), DONE)
        lines = [line.split() for line in program.output()]
        shown = [line[2] for line in lines if line[0] == "python-b"]
        expected = fingerprint(self.realm, "python-b", key)
        self.checks.same("3.8: of python-b, as alice sees it", shown, [expected])
        other = fingerprint(self.realm, "python-a", key)
        for text, status in ((expected.upper().replace("-", " "), DONE), (other, 10)):
            words = ("peers", "verify", "python-b", "--fingerprint", text)
            verdict = self.laboratory.offline("alice", *words).wait()
            self.checks.same(f"3.8: verify {text}", verdict, status)

        own = self.laboratory.offline("alice", "identity", "-n", "alice", *self.secret_files()[:2])
        self.checks.same("client identity", own.wait(), DONE)
        pinned = self.parties.receiver.person.trust.pins[(self.realm, "alice")]
        expected = fingerprint(self.realm, "alice", pinned)
        self.checks.same("3.8: of alice, as she sees it", own.output()[:1], [expected])

    def exported(self) -> None:
        path = self.parties.fresh_path()
        words = ("identity", "export", "-n", "alice", "-o", str(path), *self.secret_files())
        status = self.laboratory.offline("alice", *words).wait()
        self.checks.same("client identity export", status, DONE)
        seed = open_identity_file(path.read_bytes(), b"on its way", self.realm, "alice")
        pinned = self.parties.receiver.person.trust.pins[(self.realm, "alice")]
        self.checks.same("3.6: the export opens", signing_public(seed), pinned)

    def bring_in(self, home: str, content: bytes) -> int:
        path: pathlib.Path = self.parties.fresh_path()
        path.write_bytes(content)
        words = ["identity", "import", "-n", "alice", "-i", str(path), *self.secret_files()]
        words += ["--kdc-key", self.laboratory.word]
        return self.laboratory.offline(home, *words).wait()

    def imported(self) -> None:
        check, seed = self.checks, random(32)
        phrase, realm = b"on its way", self.realm
        good = make_identity_file(seed, phrase, realm, "alice")
        for what, content, status in (
            ("another user's", make_identity_file(seed, phrase, realm, "bob"), REFUSED),
            ("another realm's", make_identity_file(seed, phrase, random(32), "alice"), REFUSED),
            ("under another passphrase", make_identity_file(seed, b"x", realm, "alice"), REFUSED),
            ("a bit of the tag", good[:-1] + bytes([good[-1] ^ 1]), REFUSED),
            ("a bit of the magic", bytes([good[0] ^ 1]) + good[1:], UNREADABLE),
            ("a byte too many", good + b"x", UNREADABLE),
            ("a byte too few", good[:-1], UNREADABLE),
        ):
            check.same(f"refused: {what}", self.bring_in("fresh", content), status)
        check.same("made here, imported there", self.bring_in("fresh", good), DONE)
        (path,) = self.laboratory.home("fresh").glob("identities/*/alice")
        passphrase = self.laboratory.passphrase("alice")
        kept = open_identity_file(path.read_bytes(), passphrase, self.realm, "alice")
        check.same("3.6: kept under the account's passphrase", kept, seed)
        check.same("for its owner alone", path.stat().st_mode & 0o777, 0o600)
