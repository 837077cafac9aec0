"""Whether a program printed what a page shows. What is another one each time has to be of the same kind in the same
place; and a key, word or ticket that a page shows twice has to be the same one twice."""

import re

# What a page and a run may differ in, by kind.
KINDS = {
    # The identity of a KDC, an invitation, a fingerprint, the id of a ticket.
    "identity": r"\btrent1[a-z2-7]{20,}",
    "invitation": r"\binvite1[a-z2-7]{20,}",
    "fingerprint": r"\b(?:[a-z2-7]{4}-){5}[a-z2-7]{4}\b",
    "ticket": r"(?<=\bticket=)[0-9a-f]{8,}",
    # Moments, spans of time, ports that the system chose.
    "moment": r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+0000)?",
    "version": r"(?<=\bkvno=)\d+",
    "span": r"\b\d+ h \d+ min\b|\b\d+(?:\.\d+)? ?(?:ms|s|seconds?|minutes?|hours?)\b",
    "source": r"(?<=\bfrom=)(?:127\.0\.0\.1|\[::1\]):\d+",
}
# Those that stand for the same thing wherever they stand.
LASTING = {"identity", "invitation", "fingerprint", "ticket"}
VARYING = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in KINDS.items()))


class Likeness:
    """What the keys of a page are in this run."""

    def __init__(self) -> None:
        self._of_run: dict[str, str] = {}
        self._of_page: dict[str, str] = {}

    def holds(self, shown: str, printed: str) -> bool:
        """Whether a line of the page stands for a line that was printed."""
        if VARYING.sub(self._kind, shown) != VARYING.sub(self._kind, printed):
            return False
        for of_page, of_run in zip(VARYING.finditer(shown), VARYING.finditer(printed), strict=True):
            if of_page.lastgroup in LASTING and not self._is_same(of_page[0], of_run[0]):
                return False
        return True

    def _is_same(self, of_page: str, of_run: str) -> bool:
        """Whether they stand for each other, both ways; from the first time on."""
        return (self._of_run.setdefault(of_page, of_run) == of_run
                and self._of_page.setdefault(of_run, of_page) == of_page)

    def in_this_run(self, command: str) -> str:
        """A command of the page, with the keys of this run."""
        return VARYING.sub(lambda found: self._of_run.get(found[0], found[0]), command)

    @staticmethod
    def _kind(found: re.Match[str]) -> str:
        return f"<{found.lastgroup}>"
