"""Section 2.4 against the real KDC: an identity that is replaced while it serves."""

import pathlib

from checks import Checks
from programs import Laboratory
from trent import sealed
from trent.encoding import Malformed, identity_of, word
from trent.envelope import EPOCH_REQUEST, message
from trent.person import Person


class SuccessionChecks:
    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.laboratory = checks, laboratory

    def run(self) -> None:
        check = self.checks
        folder = pathlib.Path(self.laboratory.folder) / "succeeded"
        folder.mkdir()
        center, _ = self.laboratory.start_watched_kdc(folder)
        person = Person(center, "simone", b"a passphrase that outlives keys")
        person.register()
        words = [word(center.identity)]
        for number in (1, 2):
            users = str(folder / "pwd.txt")
            program = self.laboratory.kdc_command("rotate-identity", "-f", users)
            words.append(program.line("out", "trent1"))
            check.same(f"rotation {number} is done", program.wait(), 0)
            with center.connect() as connection:
                epoch = center.epoch(connection)
                reply = connection.ask(message(EPOCH_REQUEST)) or b""
            check.same("the present identity is the one told", word(epoch.identity), words[-1])
            found = [word(key) for key in epoch.former]
            check.same("the former ones are those before it", found, words[:-1])
            check.that("a login under the first pin", person.login() is not None)
        start = len(reply) - 1 - 2 * 104
        check.same("the succession has so many", reply[start], 2)
        for position in range(start, len(reply), 7):
            bent = reply[:position] + bytes([reply[position] ^ 1]) + reply[position + 1 :]
            refused = False
            try:
                sealed.Epoch.read(bent, identity_of(words[0]))
            except (Malformed, ValueError):
                refused = True
            check.that(f"byte {position} counts", refused)
