"""Programs that bring a file from a sender to a receiver on this machine: Trent, and its peers."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field

import common

class Process:
    """A program on one core, and what it has used when it has ended, its children included."""

    def __init__(self, argv, core, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=None):
        self.popen = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env={**os.environ, **(env or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        self.usage = None

    def wait(self, check=True):
        """Waits for its end. The usage includes that of children that it has waited for."""
        _, status, self.usage = os.wait4(self.popen.pid, 0)
        self.popen.returncode = os.waitstatus_to_exitcode(status)
        if check and self.popen.returncode != 0:
            raise common.BenchFailure(f"{self.popen.args[0]} ended with {self.popen.returncode}")
        return self

    @property
    def cpu(self):
        return self.usage.ru_utime + self.usage.ru_stime

    def family(self):
        """Itself and everything that descends from it, as process ids."""
        found = [self.popen.pid]
        for pid in found:
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    found += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
            except OSError:
                pass
        return found

    def peak_memory(self):
        """The largest resident set that a process of the family has had so far, in bytes."""
        peak = 0
        for pid in self.family():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            if match := re.search(r"VmHWM:\s+(\d+) kB", status):
                peak = max(peak, int(match.group(1)) * 1024)
        return peak


class MemoryWatch:
    """Samples the peak of some processes until told to stop: the system forgets it when they end."""

    def __init__(self, **processes):
        self.peaks = dict.fromkeys(processes, 0)
        self._processes = processes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.005):
            for name, process in self._processes.items():
                self.peaks[name] = max(self.peaks[name], process.peak_memory())

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.peaks


@dataclass
class Run:
    """One transfer."""

    # The sender's whole command.
    command: float
    # Until both sides have ended.
    seconds: float
    sender_cpu: float
    receiver_cpu: float
    memory: dict = field(default_factory=dict)

    @property
    def cpu(self):
        return self.sender_cpu + self.receiver_cpu


def transfer(receiver, start_sender, watches_memory, end=None):
    """Runs a sender against a receiver that waits already."""
    begin = time.monotonic()
    sender = start_sender()
    watch = MemoryWatch(sender=sender, receiver=receiver) if watches_memory else None
    sender.wait()
    command = time.monotonic() - begin
    if end:
        end()
    receiver.wait(check=end is None)
    seconds = time.monotonic() - begin
    return Run(command, seconds, sender.cpu, receiver.cpu, watch.stop() if watch else {})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise common.BenchFailure(f"waited in vain for {what}")
        time.sleep(0.002)


def listens(port):
    """Whether some socket listens on the port; nobody is called for it."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                return True
    return False


@dataclass(frozen=True)
class Destination:
    """Where the bytes go: the same for everybody in a run."""

    path: pathlib.Path
    kind: str  # "kept": an existing file, written over; "new": made anew; "null"

    def prepare(self, source):
        if self.kind == "new":
            self.path.unlink(missing_ok=True)
        elif self.kind == "kept" and not self.path.exists():
            shutil.copyfile(source, self.path)

    def open(self):
        """A descriptor to write to; nothing of an existing file is cut off."""
        return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)

    def check(self, source):
        if self.kind != "null":
            subprocess.run(["cmp", source, self.path], check=True)


class Trent:
    """Two users who are logged in already, at a KDC that runs."""

    name = "trent"

    def __init__(self, kdc, folder):
        self.client = common.program("client")
        self.folder, self.port = folder, str(kdc.port)
        for name in ("alice", "bob"):
            passphrase = folder / f"{name}.passphrase"
            passphrase.write_text(os.urandom(12).hex() + "\n")
            subprocess.run(
                [self.client, "login", "-n", name, "-a", "127.0.0.1", "-p", self.port, "--kdc-key", kdc.word,
                 "--register", "--passphrase-file", passphrase],
                check=True, env=self._env(name), stderr=subprocess.DEVNULL)

    def _env(self, name):
        return {**os.environ, "TRENT_HOME": str(self.folder / name)}

    def _receiver(self, destination):
        messages = self.folder / "bob.messages"
        argv = [self.client, "-n", "bob", "-m", "R", "-l", "0", "-a", "127.0.0.1", "-p", self.port]
        with messages.open("w") as log:
            if destination.kind == "new":
                receiver = Process(
                    [*argv, "-o", destination.path], common.load_core(), stderr=log, env=self._env("bob"))
            else:
                output = destination.open()
                receiver = Process(
                    [*argv, "-o", "-"], common.load_core(), stdout=output, stderr=log, env=self._env("bob"))
                os.close(output)
        wait_until(lambda: "listening" in messages.read_text(), "the receiver")
        return receiver

    def run(self, source, destination, watches_memory=False):
        receiver = self._receiver(destination)
        return transfer(
            receiver,
            lambda: Process(
                [self.client, "-n", "alice", "-m", "S", "-r", "bob", "-i", source, "-a", "127.0.0.1", "-p",
                 self.port],
                common.server_core(), env=self._env("alice")),
            watches_memory)


class Scp:
    """Through an sshd of its own: keys of this run, a high port, nothing of the system's configuration."""

    def __init__(self, folder, cipher=None):
        self.name = f"scp {cipher.split('@')[0]}" if cipher else "scp"
        self.folder = folder
        self.options = ["-c", cipher] if cipher else []
        if not (folder / "host_key").exists():
            for key in ("host_key", "user_key"):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)

    def run(self, source, destination, watches_memory=False):
        port = free_port()
        config = self.folder / "sshd_config"
        config.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\nPidFile none\n"
            f"AuthorizedKeysFile {self.folder}/user_key.pub\nStrictModes no\nPermitRootLogin yes\nUsePAM no\n"
            "PasswordAuthentication no\nSubsystem sftp internal-sftp\n")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        server = Process([common.installed("sshd"), "-D", "-f", config], common.load_core())
        wait_until(lambda: listens(port), "sshd")
        user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
        # -O: the protocol that writes over an existing file; that of sftp empties it first.
        argv = [
            "scp", "-q", "-O", *self.options, "-P", str(port), "-i", self.folder / "user_key", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-F",
            "none", source, f"{user}@127.0.0.1:{destination.path}"]

        def end():
            wait_until(lambda: len(server.family()) == 1, "sshd's session to end")
            server.popen.terminate()

        return transfer(server, lambda: Process(argv, common.server_core()), watches_memory, end)


class Socat:
    name = "socat TLS"

    def __init__(self, folder):
        self.folder = folder
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
             "2", "-subj", "/CN=localhost", "-keyout", folder / "tls.key", "-out", folder / "tls.crt"],
            check=True, stderr=subprocess.DEVNULL)

    def run(self, source, destination, watches_memory=False):
        port = free_port()
        output = destination.open()
        receiver = Process(
            ["socat", "-u", "-b", "65536",
             f"OPENSSL-LISTEN:{port},bind=127.0.0.1,cert={self.folder}/tls.crt,key={self.folder}/tls.key,verify=0",
             "STDOUT"],
            common.load_core(), stdout=output)
        os.close(output)
        wait_until(lambda: listens(port), "socat")
        return transfer(
            receiver,
            lambda: Process(
                ["socat", "-u", "-b", "65536", f"FILE:{source}",
                 f"OPENSSL:127.0.0.1:{port},cafile={self.folder}/tls.crt,commonname=localhost"], common.server_core()),
            watches_memory)


class AgeAndNetcat:
    name = "age and nc"

    def __init__(self, folder):
        self.key = folder / "age.key"
        made = subprocess.run(
            ["age-keygen", "-o", self.key], check=True, capture_output=True, text=True)
        self.recipient = re.search(r"age1\w+", made.stderr).group(0)

    def run(self, source, destination, watches_memory=False):
        port = free_port()
        output = destination.open()
        receiver = Process(
            ["sh", "-c", f"nc -l 127.0.0.1 {port} | age -d -i '{self.key}'"], common.load_core(), stdout=output)
        os.close(output)
        wait_until(lambda: listens(port), "nc")
        return transfer(
            receiver,
            lambda: Process(
                ["sh", "-c", f"age -r {self.recipient} '{source}' | nc -N 127.0.0.1 {port}"], common.server_core()),
            watches_memory)


class Iperf:
    """The floor: as many bytes from memory to memory, neither read, sealed nor written."""

    name = "iperf3"

    def __init__(self, folder):
        pass

    def run(self, source, destination, watches_memory=False):
        port = free_port()
        receiver = Process(["iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", str(port)], common.load_core())
        wait_until(lambda: listens(port), "iperf3")
        size = os.stat(source).st_size
        return transfer(
            receiver,
            lambda: Process(
                ["iperf3", "-c", "127.0.0.1", "-p", str(port), "-n", str(size), "-l", "262144"], common.server_core()),
            watches_memory)

