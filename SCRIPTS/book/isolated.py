"""Plays one page where nothing else is: a network, processes and a home folder of its own, so that every command runs
as it stands, ports included.

    python3 isolated.py BOOK PAGE PROGRAMS
"""

import fcntl
import os
import pathlib
import pwd
import signal
import socket
import struct
import subprocess
import sys
import tempfile

from pages import Book
from play import Page
from terminal import Unexpected

PROGRAMS = {"kdc": "kdc", "client": "client", "mailbox": "mailbox", "kdc-load": "kdc-load", "trent": "client"}


def command(book: Book, page: str, programs: pathlib.Path) -> list[str]:
    """What plays a page in namespaces of its own."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    return ["unshare", *own, "--net", "--pid", "--fork", "--mount-proc", "--kill-child",
            sys.executable, "-B", __file__, str(book.root), page, str(programs)]


def reason_against() -> str | None:
    """Why pages cannot be played here."""
    nothing = command(Book(pathlib.Path()), "", pathlib.Path())
    tried = subprocess.run(nothing, capture_output=True, text=True)
    return None if tried.returncode == 0 else f"there are no namespaces: {tried.stderr.strip()}"


def raise_loopback() -> None:
    """A new network has a loopback that is down."""
    get_flags, set_flags, is_up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, get_flags, request))[1]
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", flags | is_up))


def reader() -> tuple[int, int] | None:
    """Who reads the book is not root; PostgreSQL would not start."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def main() -> None:
    book, page, programs = Book(pathlib.Path(sys.argv[1])), sys.argv[2], pathlib.Path(sys.argv[3])
    raise_loopback()
    if not page:
        return
    # The signal becomes an exception, so that everything is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    user = reader()
    with tempfile.TemporaryDirectory(prefix="book-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "bin").mkdir()
        for installed, built in PROGRAMS.items():
            (folder / "bin" / installed).symlink_to(programs / built)
        home = folder / "home"
        home.mkdir()
        (home / "trent").symlink_to(book.root)
        if user is not None:
            os.chown(home, *user)
        try:
            Page(home, folder / "bin", user).play(book.consoles(page))
        except Unexpected as failure:
            sys.exit(str(failure))


if __name__ == "__main__":
    main()
