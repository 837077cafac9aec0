"""Mistakes that are put into a copy of the book: a check that does not find them would be none."""

import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from pages import Book


@dataclasses.dataclass(frozen=True)
class Mistake:
    """What stands on a page, what is put in its place, and what has to be said of it."""

    page: str
    old: str
    new: str
    complaint: str


STATIC = [
    Mistake("docs/REFERENCE.md", "| `--text TEXT` |", "| `TEXT` |", "client send has --text, and no table says so"),
    Mistake("docs/REFERENCE.md", "| `--keep` |", "| `--keep`, `--stay` |",
            "client receive has --stay, which it has not"),
    Mistake("docs/REFERENCE.md", "`--name`, `--kdc`, `--port` |", "`--name`, `--kdc` |",
            "client logout has -p, and no table"),
    Mistake("docs/REFERENCE.md", "| `kdc invite` |", "| `kdc invites` |", "there is no command kdc invites"),
    Mistake("docs/REFERENCE.md", "client peers [list]", "client peers [list] --all", "client peers has no --all"),
    Mistake("docs/REFERENCE.md", "`client receive --keep`", "`client receive --stay`", "client receive has no --stay"),
    Mistake("docs/REFERENCE.md", "enable NAME|", "", "no synopsis has kdc users enable"),
    Mistake("docs/REFERENCE.md", "| 9 | cannot", "| 12 | cannot", "exit codes"),
    Mistake("docs/REFERENCE.md", "| `broken` |", "| `torn` |", "there is no event torn"),
    Mistake("docs/REFERENCE.md", ", `.burst` 20 |", " |",
            "the setting of the kdc brakes.registrations.burst is not there"),
    Mistake("docs/REFERENCE.md", "`receive.announce`, ", "", "the setting of the client receive.announce is not there"),
    Mistake("docs/REFERENCE.md", '{"name": "alice",', '{"name": alice,', "Expecting value"),
    Mistake("docs/TUTORIAL.md", "](REFERENCE.md)", "](REFERENZ.md)", "there is no REFERENZ.md"),
    Mistake("docs/TUTORIAL.md", "#installing", "#installations", "has no heading #installations"),
    Mistake("docs/TUTORIAL.md", "Next: [Reference](REFERENCE.md)", "[Design](DESIGN.md)",
            "its last line has to lead to"),
    Mistake("docs/TUTORIAL.md", "```console post", "```", "a block of kind ''"),
    Mistake("docs/TUTORIAL.md", "```console post", "```text", "commands in a block that is not run"),
    Mistake("docs/README.md", "10. [Mailboxes](MAILBOX.md)", "10. Mailboxes", "docs/MAILBOX.md is no chapter"),
    Mistake("README.md", "$ SCRIPTS/bench", "$ SCRIPTS/beach", "'SCRIPTS/bench' is on no page any more"),
]
PLAYED = [
    Mistake("docs/QUICKSTART.md", "listening on port 60000 as bob", "listening on port 60000 as rob", "as rob"),
    Mistake("docs/QUICKSTART.md", "registered alice\n", "", "registered alice"),
    Mistake("docs/QUICKSTART.md", "Trust it? [y/N] y\n", "Trust it? [y/N] n\n", "the page shows"),
    # Another identity than the one that has been shown.
    Mistake("docs/QUICKSTART.md", "-p 7000\nThe KDC at localhost:7000 is new. Its identity is trent1r",
            "-p 7000\nThe KDC at localhost:7000 is new. Its identity is trent1q", "identity is trent1q"),
]


@contextlib.contextmanager
def copy(book: Book, mistake: Mistake) -> Iterator[Book]:
    """The book with that mistake."""
    with tempfile.TemporaryDirectory(prefix="planted-") as name:
        root = pathlib.Path(name)
        root.chmod(0o755)
        for entry in book.root.iterdir():
            if entry.name != "docs" and entry.suffix != ".md":
                (root / entry.name).symlink_to(entry)
        shutil.copytree(book.root / "docs", root / "docs")
        for entry in book.root.glob("*.md"):
            shutil.copy(entry, root)
        page = root / mistake.page
        text = page.read_text()
        if mistake.old not in text:
            raise ValueError(f"{mistake.page} has no {mistake.old!r}: SCRIPTS/book/planted.py is older than the page")
        page.write_text(text.replace(mistake.old, mistake.new, 1))
        yield Book(root)
