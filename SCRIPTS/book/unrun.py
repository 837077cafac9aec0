"""The commands of the book that are not run as they stand, and why: a closed list. What is on no page any more has to
leave it."""

import re

INSTALLS = "installs on the machine; the test of the package does, in a Debian of its own"
BUILDS = "builds for minutes; .ci/run runs it, or what it consists of"
ELSEWHERE = "names machines that are not here; the tutorial does the same on one, and SCRIPTS/failover with three KDCs"

# By command, without its comment.
UNRUN = {
    "sudo apt install ./trent_*.deb": INSTALLS,
    "sudo make install": INSTALLS,
    "make": BUILDS,
    "SCRIPTS/build-release": BUILDS,
    "PATH=$PWD/.build/release:$PATH": "the programs that are tested are on the PATH already",
    "SCRIPTS/demo": BUILDS,
    "SCRIPTS/test": "runs this",
    "kdc store migrate --store postgresql://db1,db2/trent": ELSEWHERE,
    "kdc -p 7000 --store postgresql://db1,db2/trent": ELSEWHERE,
    "scp kdc.key kdc2:": ELSEWHERE,
    "client send report.pdf -r bob -n alice -a kdc1,kdc2 -p 7000": ELSEWHERE,
    "SCRIPTS/bench": "measures for an hour; .ci/run runs a part of it",
}


def without_comment(command: str) -> str:
    return re.sub(r"\s+#.*", "", command).strip()
