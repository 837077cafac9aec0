"""Checks the real kdc and client against an implementation made from docs/PROTOCOL.md and docs/AUDIT.md alone.

    run.py KDC_PROGRAM CLIENT_PROGRAM

Everything happens in a temporary folder and on this machine. One line per check; the exit status is
0 only if every one has passed.
"""

import pathlib
import sys
import tempfile

from audit_checks import AuditChecks
from change_checks import ChangeChecks
from checks import Checks
from client_checks import ClientChecks
from deposit_checks import DepositChecks, TakingChecks
from granting_checks import GrantingChecks
from identity_checks import IdentityChecks
from key_file_checks import KeyFileChecks
from metrics_checks import MetricsChecks
from parties import Parties
from peer_checks import PeerChecks
from programs import Laboratory
from receiver_checks import ReceiverChecks
from sealed_checks import SealedChecks
from sender_checks import SenderChecks
from succession_checks import SuccessionChecks


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 64
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="trent-independent-") as folder:
        laboratory = Laboratory(pathlib.Path(folder), sys.argv[1], sys.argv[2])
        try:
            for suite in (SealedChecks, ChangeChecks, GrantingChecks, PeerChecks):
                suite(checks, laboratory).run()
            checks.group("metrics", MetricsChecks(checks, laboratory).run)
            checks.group("2.4: succession", SuccessionChecks(checks, laboratory).run)
            parties = Parties(checks, laboratory)
            honest = ClientChecks(parties)
            checks.group("Python sends to the real client", honest.to_client)
            checks.group("the real client sends to Python", honest.from_client)
            checks.group("9: key files", KeyFileChecks(parties).run)
            checks.group("B: the real client takes deposits", TakingChecks(parties).run)
            IdentityChecks(parties).run()
            for hostile in (ReceiverChecks, SenderChecks):
                hostile(parties).run()
            checks.group("U2: changed identities", honest.changed_identities)
            AuditChecks(checks, laboratory).run()
            DepositChecks(checks).run()
        finally:
            laboratory.end()
    print(f"\n{checks.passed} passed, {checks.failed} failed")
    return 0 if checks.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
