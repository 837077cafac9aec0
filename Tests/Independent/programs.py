"""The real programs, run in a temporary folder."""

import contextlib
import itertools
import json
import os
import pathlib
import subprocess
import threading
import time
from collections.abc import Iterator

from trent.person import Center

PATIENCE = 30.0

# How many wrong proofs of a name the KDC of these checks takes before it slows down.
FREE_FAILURES = 20


class Program:
    """A running program whose standard error is collected as it comes."""

    def __init__(self, arguments: list[str], environment: dict[str, str] | None = None):
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
        )
        self._lines: dict[str, list[str]] = {"out": [], "err": []}
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._collect, args=pair, daemon=True)
            for pair in (("out", self._process.stdout), ("err", self._process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _collect(self, kind: str, stream: Iterator[str]) -> None:
        for line in stream:
            with self._changed:
                self._lines[kind].append(line.rstrip("\n"))
                self._changed.notify_all()

    def line(self, kind: str, start: str, anywhere: bool = False) -> str:
        """The first line of "out" or "err" that begins so, or has it, waited for."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for line in self._lines[kind]:
                    if line.startswith(start) or anywhere and start in line:
                        return line
                gone = self._process.poll() is not None and not self._readers[0].is_alive()
                if time.monotonic() > deadline or gone:
                    raise TimeoutError(f"no line {start!r} in {self._lines}")
                self._changed.wait(0.1)

    def output(self) -> list[str]:
        with self._changed:
            return list(self._lines["out"])

    def messages(self) -> str:
        with self._changed:
            return " / ".join(self._lines["err"])

    def wait(self) -> int:
        """The exit status, once all that the program said is known."""
        status = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return status

    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> int:
        if self.is_running():
            self._process.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self.wait()


class Laboratory:
    """Starts programs and ends them all."""

    def __init__(self, folder: pathlib.Path, kdc: str, client: str, mailbox: str):
        self.folder, self._kdc, self._client, self._mailbox = folder, kdc, client, mailbox
        self._running: list[Program] = []
        self.word = ""
        self.kdc = self.start_kdc()

    def _started(self, program: Program) -> Program:
        self._running.append(program)
        return program

    def start_kdc(self) -> Center:
        users, log = self.folder / "pwd.txt", self.folder / "out.txt"
        settings = self.folder / "settings.json"
        # Everything comes from one source here, and more of it is wrong than a person gets wrong.
        rated = ("sealed-requests", "registrations", "connections")
        rates = {kind: {"per-second": 0} for kind in rated}
        failures = {"name": {"free-failures": FREE_FAILURES}, "source": {"free-failures": 100_000}}
        settings.write_text(json.dumps({"brakes": rates | failures}))
        arguments = [self._kdc, "-p", "0", "-f", str(users), "-o", str(log)]
        arguments += ["--settings", str(settings), "--audit", str(self.folder / "audit")]
        program = self._started(Program(arguments))
        port = int(program.line("out", "listening on port ").split()[-1])
        self.word = program.line("out", "trent1")
        self._kdc_program = program
        return Center(port, self.word)

    def kdc_command(self, *arguments: str) -> Program:
        """A command of the operator's."""
        return self._started(Program([self._kdc, *arguments]))

    def end_kdc(self) -> int:
        return self._kdc_program.end()

    def start_watched_kdc(self, folder: pathlib.Path) -> tuple[Center, str]:
        """Another KDC, and the line that says where its metrics are."""
        files = ["-f", str(folder / "pwd.txt"), "-o", str(folder / "out.txt")]
        program = self._started(Program([self._kdc, "-p", "0", *files, "--metrics", "0"]))
        port = int(program.line("out", "listening on port ").split()[-1])
        word = program.line("out", "trent1")
        return Center(port, word), program.line("err", "metrics at ", anywhere=True)

    def restart_kdc_without_users(self) -> Center:
        """The same KDC after a mishap: its identity is in another file than its users."""
        self._kdc_program.end()
        (self.folder / "pwd.txt").unlink()
        self.kdc = self.start_kdc()
        return self.kdc

    def home(self, name: str) -> pathlib.Path:
        """The folder of the device."""
        return self.folder / f"{name}.home"

    def passphrase(self, name: str) -> bytes:
        return f"a passphrase of {name}".encode()

    def client(self, name: str, *arguments: str) -> Program:
        """A real client with a device and a passphrase of its own; registers if it has to."""
        passphrase = self.folder / f"{name}.passphrase"
        if not passphrase.exists():
            passphrase.touch(0o600)
            passphrase.write_bytes(self.passphrase(name) + b"\n")
        common = ["-a", "127.0.0.1", "-p", str(self.kdc.port), "--kdc-key", self.word]
        common += ["--register", "--passphrase-file", str(passphrase)]
        # A command is what stands before the first option.
        command = list(itertools.takewhile(lambda word: not word.startswith("-"), arguments))
        return self._started(
            Program(
                [self._client, *command, "-n", name, *arguments[len(command) :], *common],
                {"TRENT_HOME": str(self.home(name))},
            )
        )

    def machine(self, *arguments: str) -> Program:
        """A real client that runs on a key file, which is among the arguments."""
        common = ["-a", "127.0.0.1", "-p", str(self.kdc.port)]
        return self._started(
            Program(
                [self._client, *arguments, *common],
                {"TRENT_HOME": str(self.home("machine"))},
            )
        )

    def offline(self, home: str, *arguments: str) -> Program:
        """A command that needs the device alone."""
        return self._started(
            Program([self._client, *arguments], {"TRENT_HOME": str(self.home(home))})
        )

    def passphrase_file(self, name: str, passphrase: bytes) -> str:
        path = self.folder / f"{name}.passphrase"
        path.touch(0o600)
        path.write_bytes(passphrase + b"\n")
        return str(path)

    def receiver(self, name: str, output: pathlib.Path, *more: str) -> tuple[Program, int]:
        """A real client that receives, and its port."""
        program = self.client(name, "-m", "R", "-o", str(output), "-l", "0", *more)
        line = program.line("err", "listening on port ")
        return program, int(line.removeprefix("listening on port ").split()[0])

    def folder_receiver(self, name: str, folder: pathlib.Path) -> Program:
        """A real client that takes everything into a folder."""
        program = self.client(name, "receive", "-d", str(folder), "-l", "0", "--accept-all")
        program.line("err", "listening on port ")
        return program

    def sender(self, name: str, receiver: str, source: pathlib.Path) -> Program:
        return self.client(name, "-m", "S", "-r", receiver, "-i", str(source))

    def spool(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.spool"

    def mailbox(self, name: str, *more: str) -> Program:
        """A real mailbox that serves, registered if need be."""
        key = self.folder / f"{name}.key"
        if not key.exists():
            arguments = ("keygen", "-n", name, "--key-file", str(key), "--kdc-key", self.word)
            if self.machine(*arguments).wait() != 0:
                raise RuntimeError(f"{name} cannot be registered")
        arguments = [self._mailbox, "-n", name, "--key-file", str(key), "-l", "0", "--verbose"]
        arguments += ["-a", "127.0.0.1", "-p", str(self.kdc.port)]
        arguments += ["--spool", str(self.spool(name)), *more]
        program = self._started(Program(arguments, {"TRENT_HOME": str(self.home("machine"))}))
        program.line("err", "listening on port ")
        return program

    def log(self) -> str:
        return (self.folder / "out.txt").read_text()

    def end(self) -> None:
        for program in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.end()
