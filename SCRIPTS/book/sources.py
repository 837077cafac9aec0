"""The reference against the sources, for what no --help tells: events and settings."""

import itertools
import re
from collections.abc import Iterator

from pages import Book, code_spans

REFERENCE = "docs/REFERENCE.md"
EVENTS = "Sources/TrentClient/Progress/EventWatcher.swift"
KDC_SETTINGS = "Sources/kdc/Settings/Setting.swift"
CLIENT_SETTINGS = "Sources/client/ClientSettings.swift"


def wrong(book: Book) -> Iterator[str]:
    for what, known, heading in [
        ("event", events(book), "### Events"),
        ("setting of the kdc", kdc_settings(book), "### Settings of the kdc"),
        ("setting of the client", client_settings(book), "### Settings of the client"),
    ]:
        yield from differences(what, known, whole_names(first_cells(book, heading)))


def differences(what: str, known: list[str], told: list[str]) -> Iterator[str]:
    if not known:
        yield f"no {what} is found in the sources: they may have moved"
    for name in sorted(set(known) - set(told)):
        yield f"{REFERENCE}: the {what} {name} is not there"
    for name in sorted(set(told) - set(known)):
        yield f"{REFERENCE}: there is no {what} {name}"


# What the sources have.

def events(book: Book) -> list[str]:
    return re.findall(r"\btell\(\s*\"([a-z]+)\"", source(book, EVENTS))


def kdc_settings(book: Book) -> list[str]:
    """Those with a name of their own, and families: `backOff("brakes.name")` has the names in `func backOff`."""
    text = source(book, KDC_SETTINGS)
    names = re.findall(r"Setting\(\"([a-z-]+)\"", text)
    for family, name in re.findall(r"\b(\w+)\(\"(brakes\.[a-z-]+)\"\)", text):
        body = text.partition(f"func {family}(")[2].partition("\n  }")[0]
        members = re.findall(r"Setting\(\"\\\(name\)\.([a-z-]+)\"", body)
        names += [f"{name}.{member}" for member in members]
    return names


def client_settings(book: Book) -> list[str]:
    listed = source(book, CLIENT_SETTINGS).partition("keys: Set<String> = [")[2].partition("]")[0]
    return re.findall(r"\"([a-z.-]+)\"", listed)


def source(book: Book, path: str) -> str:
    return (book.root / path).read_text()


# What the reference has.

def first_cells(book: Book, heading: str) -> list[str]:
    """The code in the first cells of the tables below a heading."""
    text = book.lines(REFERENCE)
    start = text.index(heading) + 1
    below = itertools.takewhile(lambda line: not line.startswith("#"), text[start:])
    rows = [line for line in below if line.startswith("| `")]
    return [span for row in rows for span in code_spans(row.split("|")[1]) if span != "event"]


def whole_names(names: list[str]) -> list[str]:
    """`.burst` after `brakes.connections.per-second` is `brakes.connections.burst`."""
    result: list[str] = []
    for name in names:
        result.append(result[-1].rpartition(".")[0] + name if name.startswith(".") else name)
    return result
