"""Plays a scene with the real programs at three terminals, and writes down what each terminal shows.

    python3 scene.py PROGRAMS FOLDER

PROGRAMS has kdc and client; kdc.txt, receiver.txt and sender.txt are written into FOLDER. A terminal
is a pseudo-terminal with a real shell in it, so that the echo of what is typed, and the silence
while a passphrase is, are the system's own.
"""

import codecs
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time

PATIENCE = 60.0
ROWS, COLUMNS = 40, 120
SHELL = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
INHERITED_SIGNALS = [
    signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT, signal.SIGTERM, signal.SIGXFSZ
]
AT_PROMPT = r"\$ \Z"
REPORT = "Water in the well: 4.2 m below ground. Nothing unusual.\n"
PASSPHRASES = {"bob": "seven herons by the weir", "alice": "a lantern for every step"}


class Unexpected(Exception):
    """A terminal did not show what it should have."""


class Terminal:
    """A person's terminal: a shell in a folder of its own."""

    def __init__(self, person: str, folder: pathlib.Path, programs: pathlib.Path):
        folder.mkdir()
        self._person = person
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._mark = 0
        environment = {
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PATH": f"{programs}:/usr/bin:/bin",
            "PS1": "$ ",
            "TERM": "dumb",
            "TRENT_HOME": str(folder / ".trent"),
        }
        self._process, self._descriptor = pty.fork()
        if self._process == 0:
            try:
                # Neither Python's dispositions nor those of whoever started it are a person's.
                for number in INHERITED_SIGNALS:
                    signal.signal(number, signal.SIG_DFL)
                os.chdir(folder)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
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
        os.write(self._descriptor, keys.encode())

    def shown(self, pattern: str) -> re.Match[str]:
        """Waits until the terminal shows it, after all that was waited for or typed before."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.compile(pattern).search(self._text, self._mark)):
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self._read(remaining):
                raise Unexpected(f"{self._person}: waited in vain for {pattern!r}:\n{self._text}")
        self._mark = found.end()
        return found

    def _read(self, patience: float) -> bool:
        """Takes in what comes; false if the shell is gone."""
        if not select.select([self._descriptor], [], [], patience)[0]:
            return True
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
        """What stays on the screen: a line that is drawn again and again is told as it is in the end."""
        left = re.sub(r"^.*\r?\x1b\[K", "", self._text.replace("\r\n", "\n"), flags=re.MULTILINE)
        return left.removesuffix("$ ")

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


def sign_up(terminal: Terminal, name: str) -> None:
    """Answers what a newcomer is asked."""
    passphrase = PASSPHRASES[name]
    terminal.shown(r"Trust it\? \[y/N\] ")
    terminal.type("y")
    terminal.shown(f"passphrase of {name}: ")
    terminal.type(passphrase)
    terminal.shown(rf"register {name}\? \[y/N\] ")
    terminal.type("y")
    terminal.shown(f"new passphrase of {name}: ")
    terminal.type(passphrase)
    terminal.shown("the same passphrase again: ")
    terminal.type(passphrase)


def play(kdc: Terminal, receiver: Terminal, sender: Terminal) -> dict[str, str]:
    """The scene. Returns the ports in it, by placeholder."""
    for terminal in (kdc, receiver, sender):
        terminal.shown(AT_PROMPT)

    kdc.type("kdc -p 0 -f pwd.txt -o out.txt")
    port = kdc.shown(r"listening on port (\d+)")[1]
    kdc.shown(r"trent1\w+\r\n")

    receiver.type(f"client -n bob -m R -o report.txt -s report.sealed -l 0 -a localhost -p {port}")
    sign_up(receiver, "bob")
    receiver_port = receiver.shown(r"listening on port (\d+) as bob")[1]

    sender.run("cat report.txt")
    sender.type(f"client -n alice -m S -r bob -i report.txt -a localhost -p {port}")
    sign_up(sender, "alice")
    sender.shown("verified")
    sender.shown(AT_PROMPT)
    sender.run("echo $?")

    receiver.shown(AT_PROMPT)
    receiver.run("echo $?")
    receiver.run("cat report.txt")
    receiver.type("client open -n bob -i report.sealed -o opened.txt")
    receiver.shown("passphrase of bob: ")
    receiver.type(PASSPHRASES["bob"])
    receiver.shown(AT_PROMPT)
    receiver.run("cmp report.txt opened.txt && echo the same")

    kdc.press("\x03")
    kdc.shown(AT_PROMPT)
    kdc.run("cat out.txt")
    return {"KDC_PORT": port, "PORT": receiver_port}


def masked(text: str, ports: dict[str, str]) -> str:
    """The text with a placeholder for everything that is another one each time."""
    for pattern, placeholder in [
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*", "TIME"),
        (r"\btrent1[a-z2-7]+", "trent1IDENTITY"),
        (r"(?<=, fingerprint )\S+", "FINGERPRINT"),
        (r"\bticket=[0-9a-f]+", "ticket=TICKET"),
        (r"\bfrom=\S+", "from=ADDRESS"),
        *((rf"\b{port}\b", placeholder) for placeholder, port in ports.items()),
    ]:
        text = re.sub(pattern, placeholder, text)
    # On a busy machine a datagram is sent again after 100 ms, and may be logged again.
    return re.sub(r"^(TIME .*\n)\1+", r"\1", text, flags=re.MULTILINE)


def main() -> None:
    programs, output = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    # The signal becomes an exception, so that everything is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    terminals: dict[str, Terminal] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for role in ("kdc", "receiver", "sender"):
                terminals[role] = Terminal(role, pathlib.Path(folder, role), programs)
            pathlib.Path(folder, "sender", "report.txt").write_text(REPORT)
            ports = play(**terminals)
        except Unexpected as failure:
            sys.exit(f"sample-run: {failure}")
        finally:
            for terminal in terminals.values():
                terminal.close()
    for role, terminal in terminals.items():
        if any(passphrase in terminal.text for passphrase in PASSPHRASES.values()):
            sys.exit(f"sample-run: {role}: a passphrase was shown")
        (output / f"{role}.txt").write_text(masked(terminal.text, ports))


if __name__ == "__main__":
    main()
