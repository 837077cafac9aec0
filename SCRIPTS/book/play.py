"""Plays the console blocks of a page with the real programs, in a folder of their own.

A block's terminal is named after `console`. In it

- a line that begins with "$ " is typed at the prompt, and one with "> " at the shell's second prompt;
- ^C alone is pressed;
- behind a question, "[y/N] ", stands what is answered; a passphrase is typed where one is asked for;
- everything else is what the terminal has to show, in this order, and nothing else.

A block whose program goes on is gone on with in the next block of that terminal.
"""

import pathlib
import re

from likeness import Likeness
from pages import Block
from terminal import PROMPT, Terminal, Unexpected
from unrun import UNRUN, without_comment

ANSWERED = re.compile(r"(?P<question>.*\[y/N\] )(?P<answer>\S+)")
ASKED_FOR_SECRET = re.compile(r"(?:new |export )*passphrase of (?P<name>\S+):|the same passphrase again:")
QUESTION = r"\[y/N\] |passphrase of \S+: |passphrase again: "
SECOND_PROMPT = "> "
# The reader's home folder as pages have it.
HOME = "/home/you"


class Page:
    """A page while it is played."""

    def __init__(self, home: pathlib.Path, programs: pathlib.Path, user: tuple[int, int] | None):
        self._home = home
        self._environment = {
            "HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        self._user = user
        self._terminals: dict[str, Terminal] = {}
        # Where each terminal's prompt is known to be, and where something may be running.
        self._is_at_prompt: dict[str, bool] = {}
        self._likeness = Likeness()
        self._last_name = ""

    def play(self, blocks: list[Block]) -> None:
        try:
            for block in blocks:
                self._play(block)
            # A page ends everything that it has started.
            for name, terminal in self._terminals.items():
                self._prompt(name, terminal)
        finally:
            for terminal in self._terminals.values():
                terminal.close()

    def _terminal(self, name: str) -> Terminal:
        if name not in self._terminals:
            self._terminals[name] = Terminal(name, self._home, self._environment, self._user)
            self._is_at_prompt[name] = False
        return self._terminals[name]

    def _play(self, block: Block) -> None:
        name, terminal = block.terminal, self._terminal(block.terminal)
        following = [*block.lines[1:], None]
        is_left_out = False
        for index, (line, next_line) in enumerate(zip(block.lines, following, strict=True)):
            if line.startswith(PROMPT):
                is_left_out = without_comment(line.removeprefix(PROMPT)) in UNRUN
            # With what it would print.
            if is_left_out:
                continue
            try:
                if line.startswith(PROMPT):
                    self._prompt(name, terminal)
                    self._is_at_prompt[name] = False
                    self._type(terminal, "", line.removeprefix(PROMPT))
                elif line.startswith(SECOND_PROMPT):
                    self._type(terminal, SECOND_PROMPT, line.removeprefix(SECOND_PROMPT))
                elif line == "^C":
                    self._end(terminal)
                else:
                    self._output(name, terminal, line)
                # What prints nothing ends by itself, before anything else is done.
                if line.startswith((PROMPT, SECOND_PROMPT, "^C")) and (next_line or PROMPT).startswith(PROMPT):
                    self._prompt(name, terminal)
            except Unexpected as failure:
                raise Unexpected(f"{block.place(index)}: {failure}") from None

    def _type(self, terminal: Terminal, prompt: str, line: str) -> None:
        if prompt:
            self._compare(prompt, terminal.question(prompt))
        line = self._likeness.in_this_run(line).replace(HOME, str(self._home))
        terminal.send(line + "\n")
        echo = terminal.next_line()
        if echo != line:
            raise Unexpected(f"typed {line!r}, and the terminal shows {echo!r}")

    def _end(self, terminal: Terminal) -> None:
        terminal.send("\x03")
        if before := terminal.key_echoed("^C"):
            raise Unexpected(f"before ^C the terminal shows, and the page does not: {before!r}")

    def _prompt(self, name: str, terminal: Terminal) -> None:
        """Waits for the end of the command before; what it prints that the page does not show is wrong."""
        if self._is_at_prompt[name]:
            return
        shown = terminal.next_line()
        if shown != PROMPT:
            raise Unexpected(f"the terminal shows, and the page does not: {shown!r}")
        self._is_at_prompt[name] = True

    def _output(self, name: str, terminal: Terminal, line: str) -> None:
        if self._is_at_prompt[name]:
            raise Unexpected(f"the command has ended, and did not show {line!r}")
        if answered := ANSWERED.fullmatch(line):
            self._question(terminal, answered["question"])
            self._type(terminal, "", answered["answer"])
        elif asked := ASKED_FOR_SECRET.fullmatch(line.rstrip()):
            self._question(terminal, line)
            self._last_name = asked["name"] or self._last_name
            terminal.send(f"what {self._last_name} knows, and nobody else\n")
            if echo := terminal.next_line():
                raise Unexpected(f"a passphrase was typed, and the terminal shows {echo!r}")
        else:
            self._compare(line, terminal.next_line())

    def _question(self, terminal: Terminal, question: str) -> None:
        self._compare(question.rstrip(), terminal.question(QUESTION).rstrip())

    def _compare(self, shown: str, printed: str) -> None:
        printed = printed.replace(str(self._home), HOME)
        if not self._likeness.holds(shown, printed):
            raise Unexpected(f"the page shows\n    {shown}\nand the terminal\n    {printed}")
