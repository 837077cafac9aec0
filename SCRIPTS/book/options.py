"""The reference against the programs: every command, option and exit code is in it, and no other; and what a page calls
a command line is one."""

import json
import re
from collections.abc import Iterator

from commands import OF_ALL, Programs
from pages import Book, code_spans

REFERENCE = "docs/REFERENCE.md"
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
# What follows these is the command line of another program, or of the shell.
OTHER_PROGRAM = re.compile(r"[|;<>]|&&")


def wrong(book: Book, programs: Programs) -> Iterator[str]:
    yield from wrong_tables(book, programs)
    yield from wrong_synopses(book, programs)
    yield from wrong_exit_codes(book, programs)
    for page in book.pages:
        yield from wrong_lines(book, page, programs)


# The tables.

def wrong_tables(book: Book, programs: Programs) -> Iterator[str]:
    told: dict[str, set[str]] = {command: set() for command in programs.options}
    for number, commands, options, is_short in table_rows(book):
        for command in commands:
            if not programs.under(command):
                yield f"{REFERENCE}:{number}: there is no command {command}"
            for each in programs.under(command):
                told[each] |= options
                if is_short:
                    told[each] |= set().union(*(all for all in programs.options[each] if all & options))
    for command in programs.options:
        options = programs.spellings(command)
        for option in sorted(options - told[command]):
            yield f"{REFERENCE}: {command} has {option}, and no table says so"
        for option in sorted(told[command] - options):
            yield f"{REFERENCE}: a table says that {command} has {option}, which it has not"


def table_rows(book: Book) -> Iterator[tuple[int, list[str], set[str], bool]]:
    """Rows that tell of options: the line, the commands, the options, and whether one spelling of each is enough.
    Tables are of three forms:

    - after a paragraph "Options of `COMMAND`, ...:", | option | meaning |
    - | command | option | meaning |
    - | command | takes of these |, where the table before has the other spellings
    """
    paragraph, header = "", []
    for number, line in enumerate(book.lines(REFERENCE), 1):
        if not line.startswith("|"):
            is_more = line and paragraph.startswith("Options of") and not paragraph.endswith(":")
            paragraph = f"{paragraph} {line}" if is_more else line or paragraph
            header = []
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not header:
            header = cells
        elif set(cells[0]) == {"-"}:
            continue
        elif header == ["option", "meaning"] and paragraph.startswith("Options of"):
            yield number, code_spans(paragraph), spellings(cells[0]), False
        elif header == ["command", "option", "meaning"]:
            yield number, code_spans(cells[0]), spellings(cells[1]), False
        elif header == ["command", "takes of these"]:
            yield number, code_spans(cells[0]), spellings(cells[1]), True


def spellings(cell: str) -> set[str]:
    return {match[0] for span in code_spans(cell) if (match := OPTION.match(span))}


# Forms and exit codes.

def wrong_synopses(book: Book, programs: Programs) -> Iterator[str]:
    """The form of every command stands somewhere, alone or among others: users list|show NAME|disable NAME."""
    forms = [line for block in book.blocks(REFERENCE) if block.kind == "synopsis" for line in block.lines]
    for command in programs.options:
        start, _, last = command.rpartition(" ")
        if not any(form.startswith(start) and re.search(rf"(?<![\w-]){last}(?![\w-])", form) for form in forms):
            yield f"{REFERENCE}: no synopsis has {command}"


def wrong_exit_codes(book: Book, programs: Programs) -> Iterator[str]:
    told = {code: meaning for line in book.lines(REFERENCE) for code, meaning in re.findall(r"\| (\d+) \| (\w+)", line)}
    if told != programs.exit_codes:
        yield f"{REFERENCE}: exit codes are {told}, by client --help {programs.exit_codes}"


# Command lines on pages.

def wrong_lines(book: Book, page: str, programs: Programs) -> Iterator[str]:
    """Command lines with options or commands that are not there."""
    for block in book.blocks(page):
        if block.kind == "synopsis":
            for index, line in enumerate(block.lines):
                yield from wrong_line(block.place(index), line, programs)
        elif block.kind == "json":
            try:
                json.loads("\n".join(block.lines))
            except json.JSONDecodeError as error:
                yield f"{block.place()}: {error}"
    for number, line in book.prose(page):
        for span in code_spans(line):
            yield from wrong_line(f"{page}:{number}", span, programs)


def wrong_line(place: str, line: str, programs: Programs) -> Iterator[str]:
    words = OTHER_PROGRAM.split(line)[0].split()
    if words and words[0] == "trent":
        words[0] = "client"
    if not words or words[0] not in Programs.NAMES:
        return
    command = words[0]
    for word in words[1:]:
        # "users list|show NAME" is about the first of them, and all have to be there.
        if not re.fullmatch(r"[a-z-]+(\|[a-z-]+)*", word) or word.startswith("-"):
            break
        if not any(name == f"{command} {word}" or name.startswith(f"{command} {word} ") for name in programs.options):
            break
        command = f"{command} {word}"
    known = set().union(*(programs.spellings(name) for name in programs.options
                          if name == command or name.startswith(command + " ")))
    for option in OPTION.findall(line_without_quotes(" ".join(words))):
        if option not in known | OF_ALL:
            yield f"{place}: {command} has no {option}"


def line_without_quotes(line: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
