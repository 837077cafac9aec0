"""Plays a scene with the real programs at three terminals, and writes down what each terminal shows.

    python3 scene.py PROGRAMS FOLDER

PROGRAMS has kdc and client; kdc.txt, receiver.txt and sender.txt are written into FOLDER. A terminal
is a pseudo-terminal with a real shell in it (SCRIPTS/book/terminal.py).
"""

import pathlib
import re
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "book"))

from terminal import AT_PROMPT, Terminal, Unexpected

REPORT = "Water in the well: 4.2 m below ground. Nothing unusual.\n"
PASSPHRASES = {"bob": "seven herons by the weir", "alice": "a lantern for every step"}


def seat(role: str, folder: pathlib.Path, programs: pathlib.Path) -> Terminal:
    """A person at a terminal, in a folder of that person's own."""
    home = folder / role
    home.mkdir()
    return Terminal(role, home, {
        "HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "TRENT_HOME": str(home / ".trent")})


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
                terminals[role] = seat(role, pathlib.Path(folder), programs)
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
