"""Section 5 with the real client: honest transfers, and identities that change."""

from parties import DONE, IDENTITY_CHANGED, Parties
from peers import Peer
from trent.keys import open_identity_file
from trent.primitives import random, signing_public
from trent.transfer import FILES, STREAM, send_file

SIZES = ((0, 4096), (1, 65536), (65536, 65536), (1_000_001, 1048576))


class ClientChecks:
    """Honest transfers; `changed_identities` ends with a KDC that has lost its users."""

    def __init__(self, parties: Parties):
        self.parties, self.checks = parties, parties.checks
        self.laboratory = parties.laboratory

    def to_client(self) -> None:
        for size, chunk in SIZES:
            for content in (FILES, STREAM):
                self.transfer_to_client(random(size), chunk, content)

    def transfer_to_client(self, data: bytes, chunk: int, content: int) -> None:
        output = self.parties.fresh_path()
        program, _ = self.laboratory.receiver("bob", output)
        with self.parties.sender.meet("bob") as session:
            send_file(session, data, "a name", chunk, content)
        told = "size unknown" if content == STREAM else "size told"
        what = f"{len(data)} bytes in chunks of {chunk}, {told}"
        status = program.wait()
        self.checks.same(f"{what}: the real receiver is done", status, DONE)
        self.checks.that(f"{what}: and has written them", output.read_bytes() == data)

    def from_client(self) -> None:
        for size, _ in (*SIZES, (5_000_000, 0)):
            source, data = self.parties.fresh_path(), random(size)
            source.write_bytes(data)
            received = self.parties.background.receive(self.parties.receiver)
            program = self.laboratory.sender("alice", "python-b", source)
            (entry,), found = received.result()
            status = program.wait()
            self.checks.that(f"{size} bytes arrive", found == data and entry.path == source.name)
            self.checks.that(f"{size} bytes: announced as that", entry.size == size, entry.size)
            self.checks.same(f"{size} bytes: the real sender is done", status, DONE)
        self.identity_file()

    def identity_file(self) -> None:
        """3.6: alice's file holds the seed of the key that python-b has pinned for her."""
        login = self.parties.receiver.login
        (path,) = self.laboratory.home("alice").glob("identities/*/alice")
        passphrase = self.laboratory.passphrase("alice")
        seed = open_identity_file(path.read_bytes(), passphrase, login.realm, "alice")
        pinned = self.parties.receiver.person.trust.pins[(login.realm, "alice")]
        self.checks.same("3.6: the identity file opens", signing_public(seed), pinned)

    def changed_identities(self) -> None:
        """alice has pinned python-b, bob has pinned python-a; both names get other identities."""
        check = self.checks
        before = self.parties.receiver.login.realm
        center = self.laboratory.restart_kdc_without_users()
        sender, receiver = Peer(center, "python-a"), Peer(center, "python-b")
        check.same("the restarted KDC has the same realm", receiver.login.realm, before)

        source = self.parties.fresh_path()
        source.write_bytes(b"for the old identity only")
        with receiver.listen() as listener:
            status = self.laboratory.sender("alice", "python-b", source).wait()
            what = "the receiver's new identity"
            check.same(f"{what}: the real sender refuses", status, IDENTITY_CHANGED)
            self.parties.not_connected(what, listener)

        output = self.parties.fresh_path()
        program, _ = self.laboratory.receiver("bob", output)
        initiator = sender.initiator("bob")
        _, message = initiator.first_message()
        self.parties.silent("the sender's new identity", initiator, message)
        check.that("the real receiver still waits", program.is_running())
        newcomer = Peer(center, "python-c")
        with newcomer.meet("bob") as session:
            send_file(session, b"from somebody new", "hello")
        check.same("and lets somebody else send", program.wait(), DONE)
        check.same("whose bytes it has", output.read_bytes(), b"from somebody new")
