"""PostgreSQL in a scratch folder: a primary, and a hot standby that has everything before it is acknowledged."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

PACKAGE = "postgresql"
USER = "trent"
DATABASE = "trent"


def programs():
    """The folder with PostgreSQL's own programs, or None. Debian keeps them off the PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    return os.path.dirname(initdb) if initdb else None


def is_installed():
    return programs() is not None


def has_headers():
    """Whether programs can be built with its library."""
    return subprocess.run(["pkg-config", "--exists", "libpq"], stderr=subprocess.DEVNULL).returncode == 0


def unprivileged(command):
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return command
    user = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server, on 127.0.0.1."""

    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.port = free_port()
        self.process = None
        os.makedirs(folder)
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")

    @property
    def url(self):
        return url([self])

    def run(self, program, *arguments):
        command = unprivileged([os.path.join(programs(), program), *arguments])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder)

    def make(self, settings=()):
        """A new database cluster."""
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as file:
            file.write("\n".join([
                "listen_addresses = '127.0.0.1'", f"unix_socket_directories = '{self.folder}'", *settings, ""]))

    def follow(self, primary):
        """A hot standby of that one."""
        self.run("pg_basebackup", "-D", self.data, "-h", "127.0.0.1", "-p", str(primary.port), "-U", USER,
                 "-R", "--checkpoint=fast")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as file:
            file.write(f"unix_socket_directories = '{self.folder}'\n")

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                unprivileged([os.path.join(programs(), "postgres"), "-D", self.data, "-p", str(self.port)]),
                stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + 30
        ready = [os.path.join(programs(), "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.folder, "log")) as log:
                    raise RuntimeError("PostgreSQL does not start: " + log.read()[-2000:])
            time.sleep(0.05)

    def sql(self, text, database="postgres"):
        done = subprocess.run(
            [os.path.join(programs(), "psql"), "-X", "-q", "-t", "-A", "-h", "127.0.0.1", "-p", str(self.port),
             "-U", USER, "-d", database, "-c", text],
            check=True, text=True, stdout=subprocess.PIPE)
        return done.stdout.strip()

    def kill(self):
        """As a machine that loses its power: every process at once."""
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], text=True, stdout=subprocess.PIPE).stdout.split()
        for process in [self.process.pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait()

    def promote(self):
        self.sql("SELECT pg_promote(true, 30)")

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


def url(servers):
    """The address of the store; of several servers the one that takes changes counts."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"postgresql://{USER}@{hosts}/{DATABASE}"


@contextlib.contextmanager
def server(folder, settings=()):
    """A server with an empty database until the end of the block."""
    made = Server(os.path.join(folder, "postgresql"))
    os.chmod(folder, 0o755)
    try:
        made.make(settings)
        made.start()
        made.sql(f"CREATE DATABASE {DATABASE}")
        yield made
    finally:
        made.stop()


@contextlib.contextmanager
def pair(folder):
    """A primary and its standby, which has each change on its disk before that is acknowledged."""
    os.chmod(folder, 0o755)
    primary, standby = (Server(os.path.join(folder, name)) for name in ("primary", "standby"))
    try:
        primary.make(["wal_level = replica", "max_wal_senders = 4"])
        primary.start()
        primary.sql(f"CREATE DATABASE {DATABASE}")
        standby.follow(primary)
        standby.start()
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 30
        while primary.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1":
            if time.monotonic() > deadline:
                raise RuntimeError("the standby does not follow")
            time.sleep(0.05)
        yield primary, standby
    finally:
        standby.stop()
        primary.stop()
