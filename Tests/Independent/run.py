"""Checks the real kdc and client against an implementation made from docs/PROTOCOL.md and docs/AUDIT.md alone.

    run.py KDC_PROGRAM CLIENT_PROGRAM MAILBOX_PROGRAM

Everything happens in a temporary folder and on this machine. One line per check; the exit status is
0 only if every one has passed.
"""

import os
import pathlib
import sys
import tempfile

from audit_checks import AuditChecks
from change_checks import ChangeChecks
from bent_deposit_checks import BentDepositChecks
from checks import Checks
from client_checks import ClientChecks
from deposit_checks import DepositChecks, TakingChecks
from fetching_fraud_checks import FetchingFraudChecks
from fraud_parties import FRAUD
from granting_checks import GrantingChecks
from hostile_visitor_checks import HostileVisitorChecks
from identity_checks import IdentityChecks
from key_file_checks import KeyFileChecks
from leaving_fraud_checks import LeavingFraudChecks
from mailbox_checks import POST, MailboxChecks
from mailbox_client_checks import MailboxClientChecks
from metrics_checks import MetricsChecks
from parcel_checks import ParcelChecks
from parties import Parties
from peer_checks import PeerChecks
from peers import Peer
from programs import Laboratory
from receiver_checks import ReceiverChecks
from sealed_checks import SealedChecks
from sender_checks import SenderChecks
from succession_checks import SuccessionChecks


def check_mailboxes(parties: Parties) -> None:
    """5.8: clients of the real mailbox, then what means the real client no good."""
    program = parties.laboratory.mailbox(POST)
    stranger = Peer(parties.laboratory.kdc, "python-m")
    hostile = HostileVisitorChecks(parties, program, stranger)
    hostile.begin()
    honest = MailboxChecks(parties, program, stranger)
    for visitors in (honest, hostile, MailboxClientChecks(parties)):
        visitors.run()
    hostile.end()
    fraud = Peer(parties.laboratory.kdc, FRAUD)
    for frauds in (FetchingFraudChecks, BentDepositChecks, LeavingFraudChecks):
        frauds(parties, fraud).run()


def main() -> int:
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 64
    missing = [program for program in sys.argv[1:] if not os.access(program, os.X_OK)]
    if missing:
        print(f"not built: {', '.join(missing)}", file=sys.stderr)
        return 1
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="trent-independent-") as folder:
        laboratory = Laboratory(pathlib.Path(folder), *sys.argv[1:])
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
            checks.group("5.8: mailboxes", lambda: check_mailboxes(parties))
            IdentityChecks(parties).run()
            for hostile in (ReceiverChecks, SenderChecks):
                hostile(parties).run()
            checks.group("U2: changed identities", honest.changed_identities)
            AuditChecks(checks, laboratory).run()
            DepositChecks(checks).run()
            ParcelChecks(checks).run()
        finally:
            laboratory.end()
    print(f"\n{checks.passed} passed, {checks.failed} failed")
    return 0 if checks.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
