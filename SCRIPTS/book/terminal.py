"""A person's terminal: a pseudo-terminal with a real shell in it, so that the echo of what is typed, and the silence
while a passphrase is, are the system's own."""

import codecs
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import termios
import time

PATIENCE = 60.0
ROWS, COLUMNS = 40, 120
SHELL = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
INHERITED_SIGNALS = [
    signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT, signal.SIGTERM, signal.SIGXFSZ
]
PROMPT = "$ "
AT_PROMPT = r"\$ \Z"
# A line that is drawn again and again is told as it is in the end.
DRAWN_AGAIN = re.compile(r"^.*\r?\x1b\[K", re.MULTILINE)


class Unexpected(Exception):
    """A terminal did not show what it should have."""


def settled(text: str) -> str:
    """What stays on the screen."""
    return DRAWN_AGAIN.sub("", text.replace("\r\n", "\n"))


class Terminal:
    """A shell in a folder.

    user: whose processes they are, as (uid, gid), if not this one's.
    """

    def __init__(
        self,
        person: str,
        folder: pathlib.Path,
        environment: dict[str, str],
        user: tuple[int, int] | None = None,
    ):
        self._person = person
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._mark = 0
        environment = {"LANG": "C.UTF-8", "PS1": PROMPT, "TERM": "dumb", **environment}
        self._process, self._descriptor = pty.fork()
        if self._process == 0:
            try:
                # Neither Python's dispositions nor those of whoever started it are a person's.
                for number in INHERITED_SIGNALS:
                    signal.signal(number, signal.SIG_DFL)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
                if user is not None:
                    os.fchown(0, *user)
                    os.setgroups([])
                    os.setgid(user[1])
                    os.setuid(user[0])
                os.chdir(folder)
                os.execvpe(SHELL[0], SHELL, environment)
            finally:
                os._exit(127)
        # Should this script be killed, the last copy is closed, and the terminal hangs up.
        os.set_inheritable(self._descriptor, False)

    def type(self, line: str) -> None:
        """Types a line. What is waited for next comes after it."""
        self.press(line + "\n")

    def press(self, keys: str) -> None:
        self._mark = len(self._text)
        self.send(keys)

    def send(self, keys: str) -> None:
        """Presses keys. What is there and has not been waited for can still be."""
        os.write(self._descriptor, keys.encode())

    def shown(self, pattern: str) -> re.Match[str]:
        """Waits until the terminal shows it, after all that was waited for or typed before."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.compile(pattern).search(self._text, self._mark)):
            self._wait(deadline, f"waited in vain for {pattern!r}")
        self._mark = found.end()
        return found

    def next_line(self) -> str:
        """The next line that is complete, as it stays on the screen; or the prompt."""
        deadline = time.monotonic() + PATIENCE
        while True:
            rest = self._text[self._mark:]
            line, newline, _ = rest.partition("\n")
            if newline:
                self._mark += len(line) + 1
                return settled(line + "\n")[:-1]
            if settled(rest) == PROMPT:
                self._mark = len(self._text)
                return PROMPT
            self._wait(deadline, "waited in vain for a line")

    def question(self, pattern: str) -> str:
        """The question at the end of the screen, once it is there; or the line or prompt in its place."""
        deadline = time.monotonic() + PATIENCE
        while True:
            rest = settled(self._text[self._mark:])
            if "\n" in rest or rest == PROMPT:
                return self.next_line()
            if re.search(rf"(?:{pattern})\Z", rest):
                self._mark = len(self._text)
                return rest
            self._wait(deadline, "waited in vain for a question")

    def key_echoed(self, echo: str) -> str:
        """Waits for the echo of a key. Returns what came before it, and had not been waited for."""
        before = self._mark
        found = self.shown(re.escape(echo))
        return settled(self._text[before:found.start()])

    def _wait(self, deadline: float, complaint: str) -> None:
        remaining = deadline - time.monotonic()
        is_over = remaining <= 0
        if not is_over and select.select([self._descriptor], [], [], remaining)[0]:
            is_over = not self._read()
        if is_over:
            raise Unexpected(f"{self._person}: {complaint}:\n{self._text}")

    def _read(self) -> bool:
        """Takes in what has come; false if the shell is gone."""
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # EIO: nobody has the terminal open any more.
            return False
        self._text += self._decoder.decode(data)
        return bool(data)

    def run(self, command: str) -> None:
        """Types a command that asks nothing, and waits for its end."""
        self.type(command)
        self.shown(AT_PROMPT)

    @property
    def text(self) -> str:
        """What stays on the screen."""
        return settled(self._text).removesuffix(PROMPT)

    def close(self) -> None:
        """Ends whatever runs there."""
        groups = {self._process}
        try:
            groups.add(os.tcgetpgrp(self._descriptor))
        except OSError:
            pass
        for group in groups - {0}:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.close(self._descriptor)
        os.waitpid(self._process, 0)
