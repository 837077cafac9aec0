"""One line per check, and a count of them."""

import traceback
from collections.abc import Callable

from cryptography.exceptions import InvalidTag

from trent.encoding import Malformed
from trent.envelope import Failure


class Checks:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def that(self, what: str, holds: object, detail: object = "") -> bool:
        """Counts and prints whether `what` holds."""
        if holds:
            self.passed += 1
            print(f"ok      {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAILED  {what}{f': {detail}' if detail != '' else ''}", flush=True)
        return bool(holds)

    def same(self, what: str, found: object, expected: object) -> bool:
        return self.that(what, found == expected, f"{found!r}, not {expected!r}")

    def group(self, title: str, body: Callable[[], None]) -> None:
        """Runs checks that build on each other; an exception is one failed check."""
        print(f"\n== {title}", flush=True)
        try:
            body()
        except Exception as error:  # Whatever it is, the other groups shall run.
            traceback.print_exc()
            self.that(f"{title}: runs to its end", False, repr(error))

    def failure(
        self, what: str, code: int, action: Callable[..., object], *arguments: object
    ) -> None:
        """That `action(*arguments)` meets with this Failure of the KDC."""
        try:
            found: object = action(*arguments)
        except (Failure, InvalidTag, Malformed) as error:
            found = error
        self.that(what, isinstance(found, Failure) and found.code == code, repr(found))
