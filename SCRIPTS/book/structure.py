"""The book as a whole: its chapters lead from one to the next, no link leads nowhere, every block says what it is."""

import os
import re
from collections.abc import Iterator

from pages import Book
from unrun import UNRUN, without_comment

CONTENTS = "docs/README.md"
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What is no command, and so not run: forms of command lines are compared with the programs, JSON is read, code is
# compiled by the tests of the library.
UNPLAYED = {"synopsis", "json", "text", "swift"}
PROMPT = "$ "


def wrong(book: Book) -> Iterator[str]:
    yield from wrong_blocks(book)
    for page in book.pages:
        yield from wrong_links(book, page)
    yield from wrong_chapters(book)


def wrong_blocks(book: Book) -> Iterator[str]:
    left_out = set()
    for page in book.pages:
        for block in book.blocks(page):
            commands = [line.removeprefix(PROMPT) for line in block.lines if line.startswith(PROMPT)]
            left_out |= {without_comment(command) for command in commands}
            if block.kind == "console":
                if not commands and not any(block.lines):
                    yield f"{block.place()}: a console without anything in it"
            elif block.kind not in UNPLAYED:
                kinds = ", ".join(["console", *sorted(UNPLAYED)])
                yield f"{block.place()}: a block of kind {block.kind!r} is none of {kinds}"
            elif commands:
                yield f"{block.place()}: commands in a block that is not run"
    for command in UNRUN.keys() - left_out:
        yield f"SCRIPTS/book/unrun.py: {command!r} is on no page any more"


def wrong_links(book: Book, page: str) -> Iterator[str]:
    for number, line in book.prose(page):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            place = (book.root / page).parent / path if path else book.root / page
            if not place.exists():
                yield f"{page}:{number}: there is no {path}"
            elif anchor and anchor not in anchors(book, os.path.relpath(place, book.root)):
                yield f"{page}:{number}: {path or page} has no heading #{anchor}"


def anchors(book: Book, page: str) -> set[str]:
    """As GitHub makes them of headings."""
    found: set[str] = set()
    for _, line in book.prose(page):
        if heading := re.match(r"#+ (.*)", line):
            plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            anchor = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
            repeated = sum(each == anchor or each.rpartition("-")[0] == anchor for each in found)
            found.add(f"{anchor}-{repeated}" if anchor in found else anchor)
    return found


def wrong_chapters(book: Book) -> Iterator[str]:
    """A chapter ends with a link to the contents, and to the next one."""
    chapters = [
        match[1] for line in book.lines(CONTENTS) if (match := re.match(r"\d+\. \[[^]]+\]\(([^)]+)\)", line))]
    pages = [os.path.normpath(f"docs/{target}") for target in chapters]
    for page in book.pages:
        if page.startswith("docs/") and page not in [*pages, CONTENTS]:
            yield f"{CONTENTS}: {page} is no chapter"
    for index, page in enumerate(pages):
        links = LINK.findall(book.lines(page)[-2]) if len(book.lines(page)) > 1 else []
        resolved = [os.path.normpath(os.path.join(os.path.dirname(page), link)) for link in links]
        expected = [CONTENTS, *pages[index + 1:index + 2]]
        if resolved != expected:
            yield f"{page}: its last line has to lead to {' and '.join(expected)}"
