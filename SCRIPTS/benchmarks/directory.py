"""The user directory: a start with a million users, what they cost afterwards, and registrations on a disk."""

import base64
import contextlib
import hashlib
import os
import shutil
import tempfile
import time

import common

AREA = "directory"
MANY = 1_000_000
FEW = 1_000


def run(bench):
    many, few = bench.count(MANY, 20_000), FEW
    with folder_on_disk() as folder:
        files = {count: user_file(folder, count) for count in (many, few)}
        names = {many: f"{many:,} users", few: f"{few:,} users"}
        starts(bench, files, names)
        key_requests(bench, files, names)
        registrations(bench, folder)


@contextlib.contextmanager
def folder_on_disk():
    """Beside the programs, since /tmp may be no disk."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.path.dirname(common.PROGRAMS)) as folder:
        yield folder


def user_file(folder, count):
    """A KDC's files with that many users, none of whom anybody knows the passphrase of."""
    home = os.path.join(folder, f"users-{count}")
    os.mkdir(home)
    path = os.path.join(home, "pwd.txt")
    with common.kdc(users=path):
        pass  # makes kdc.key, and the header that names it
    with open(path, "ab") as file:
        for number in range(count):
            file.write(user_line(number))
    return path


def user_line(number):
    def text(first, last):
        return base64.b64encode(random[first:last]).decode()

    random = os.urandom(16 + 60 + 32 + 64)
    fields = (
        f"name=someone{number:07} ip=10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255} port=60000 "
        f"kvno={number % 65536 + 1} argon2id=t3,m65536,p4 salt={text(0, 16)} "
        f"digest=sealed:{text(16, 76)} identity={text(76, 108)} certificate={text(108, 172)} state=active"
    ).encode()
    return fields + b" sum=" + hashlib.sha256(fields).hexdigest()[:16].encode() + b"\n"


def starts(bench, files, names):
    """From the start of the program to its first line; the file is in the system's cache."""
    wall = {names[count]: [] for count in files}
    cpu = {names[count]: [] for count in files}
    memory = {names[count]: [] for count in files}
    for _ in range(bench.runs):
        for count, path in files.items():
            begin = time.perf_counter()
            with common.kdc(core=common.cores(), users=path) as kdc:
                wall[names[count]].append(time.perf_counter() - begin)
                cpu[names[count]].append(common.cpu_seconds(kdc.pid))
                memory[names[count]].append(common.private_dirty_kib(kdc.pid) / 1024)
    bench.add(AREA, "start, until it listens", "s", wall, target="<= 1")
    bench.add(AREA, "the same, processor time", "s", cpu)
    bench.add(AREA, "private memory after the start", "MiB", memory, target="<= 100")


def key_requests(bench, files, names):
    """Key requests for users whom the load has registered beside those of the file."""
    count = bench.count(60_000, 200)
    # As many as there is room for in no cache of records, and a few who are asked for all the time.
    for users, what in [(bench.count(20_000, 20), "20,000"), (bench.count(1_000, 8), "1,000")]:
        with contextlib.ExitStack() as stack:
            # On copies, so that every run begins with the same users.
            kdcs = {
                names[many]: stack.enter_context(common.kdc(users=copied(path, stack)))
                for many, path in files.items()}

            def measure(kdc):
                return lambda: kdc.load("ticket", "udp", 32, count, users=users)["server_cpu_us"]

            bench.compare(
                AREA, f"key request, UDP, {what} of them ask", "us of KDC CPU",
                {name: measure(kdc) for name, kdc in kdcs.items()}, load="32 in flight",
                target="<= 1.3x with 1,000")


def copied(path, stack):
    folder = stack.enter_context(folder_on_disk())
    for name in ("pwd.txt", "kdc.key"):
        shutil.copy(os.path.join(os.path.dirname(path), name), folder)
    return os.path.join(folder, "pwd.txt")


def registrations(bench, folder):
    """Durable registrations; beside them what the disk takes for as long a line of a single one."""
    count = bench.count(10_000, 64)
    rates, cpu, disk = [], [], []
    for number in range(bench.runs):
        home = os.path.join(folder, f"registrations-{number}")
        os.mkdir(home)
        with common.kdc(core=common.cores(), users=os.path.join(home, "pwd.txt")) as kdc:
            result = kdc.load("register", "tcp", 64, count, core=common.cores())
        rates.append(result["requests_per_second"])
        cpu.append(result["server_cpu_us"])
        disk.append(1 / sync_seconds(os.path.join(home, "sync")))
    bench.add(
        AREA, "registrations, durable", "a second",
        {"trent": rates, "fdatasync of one line after the other": disk}, better="more",
        load="64 in flight", target=">= 4000")
    bench.add(AREA, "a registration", "us of KDC CPU", {"trent": cpu}, load="64 in flight")


def sync_seconds(path, count=200):
    line = b"x" * 390 + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        begin = time.perf_counter()
        for _ in range(count):
            os.write(file, line)
            os.fdatasync(file)
        return (time.perf_counter() - begin) / count
    finally:
        os.close(file)
