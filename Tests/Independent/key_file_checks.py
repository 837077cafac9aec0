"""Section 9, both ways: the real client's key files here, and ours there."""

from parties import DONE, Parties
from peers import Peer
from trent.copies import open_copy
from trent.encoding import identity_of
from trent.keyfile import KeyFile
from trent.person import Person
from trent.primitives import random, signing_public
from trent.transfer import send_file


class KeyFileChecks:
    """machine-r is made by `client keygen`, machine-p here."""

    def __init__(self, parties: Parties):
        self.parties, self.checks = parties, parties.checks
        self.laboratory = parties.laboratory

    def run(self) -> None:
        check, laboratory = self.checks, self.laboratory
        path = self.parties.fresh_path()
        arguments = ["keygen", "-n", "machine-r", "--key-file", str(path)]
        program = laboratory.machine(*arguments, "--kdc-key", laboratory.word)
        check.same("keygen is done", program.wait(), DONE)
        check.same("its file is for its owner alone", path.stat().st_mode & 0o777, 0o600)
        content = path.read_bytes()
        key = KeyFile.read(content)
        check.same("its file is read, and written the same", key.encoded(), content)
        check.same("it is for this KDC", key.kdc_identity, identity_of(laboratory.word))
        check.same("it names the machine", key.name, "machine-r")
        login = Person(laboratory.kdc, key.name, key, key.seed).login()
        check.same("Python logs in with it", login.identity_key, signing_public(key.seed))
        self.receives(str(path), key)
        self.sends_as_python()

    def receives(self, path: str, key: KeyFile) -> None:
        """Python, on a key file of its own, sends to the real machine."""
        own = KeyFile(identity_of(self.laboratory.word), "python-k")
        sender = Peer(self.laboratory.kdc, own.name, own)
        output, copy = self.parties.fresh_path(), self.parties.fresh_path()
        program = self.laboratory.machine(
            *("-m", "R", "-l", "0", "-o", str(output), "-s", str(copy), "--key-file", path)
        )
        program.line("err", "listening on port ")
        data = random(300_000)
        with sender.meet(key.name) as session:
            send_file(session, data, "a name")
        self.checks.same("the real machine has received", program.wait(), DONE)
        self.checks.same("these bytes", output.read_bytes(), data)
        self.checks.same("8: its copy opens", open_copy(copy.read_bytes(), key), data)

    def sends_as_python(self) -> None:
        """A key file that is written here, and registered, serves the real client."""
        key = KeyFile(identity_of(self.laboratory.word), "machine-p")
        Person(self.laboratory.kdc, key.name, key, key.seed).register()
        path, source = self.parties.fresh_path(), self.parties.fresh_path()
        path.touch(0o600)
        path.write_bytes(key.encoded())
        data = random(70_000)
        source.write_bytes(data)
        received = self.parties.background.receive(self.parties.receiver)
        program = self.laboratory.machine(
            *("-m", "S", "-r", "python-b", "-i", str(source), "--key-file", str(path))
        )
        _, found = received.result()
        self.checks.same("the real client sends with a file made here", program.wait(), DONE)
        self.checks.same("these bytes arrive", found, data)
        pins = self.parties.receiver.person.trust.pins
        pinned = pins[(self.parties.receiver.login.realm, key.name)]
        self.checks.same("under its identity key", pinned, signing_public(key.seed))
