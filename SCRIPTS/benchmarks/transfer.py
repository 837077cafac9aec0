"""Files over loopback, one core a side: Trent beside scp, socat with TLS, age with nc, and iperf3 as the floor.

The contestants take turns, each with the same source and destination. Times are until both sides have ended; for the
small file, until the sender's command has. Processor time is user and system time of both sides (wait4).
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile

import common
import transferring
from transferring import Destination

AREA = "transfer"
GIB = 1 << 30


def run(bench):
    if len(common.cores()) < 2:
        bench.note("one core: sender and receiver share it")
    with contextlib.ExitStack() as stack:
        # In memory, where there is such a place: what a disk does meanwhile is not to be measured.
        shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        files = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=shared)))
        folder = pathlib.Path(stack.enter_context(common.scratch()))
        kdc = stack.enter_context(common.kdc())
        contestants = [transferring.Trent(kdc, folder), *peers(bench, folder)]
        large(bench, contestants, files)
        small(bench, [each for each in contestants if isinstance(each, (transferring.Trent, transferring.Scp))], files)
    cipher_speed(bench)


def peers(bench, folder):
    found = []
    if common.installed("scp") and common.installed("sshd") and common.installed("ssh-keygen"):
        found += [transferring.Scp(folder, "aes256-gcm@openssh.com"), transferring.Scp(folder)]
    else:
        bench.missing("scp", "openssh-server")
    if common.installed("socat") and common.installed("openssl"):
        found.append(transferring.Socat(folder))
    else:
        bench.missing("socat with TLS", "socat, openssl")
    if common.installed("age") and common.installed("nc"):
        found.append(transferring.AgeAndNetcat(folder))
    else:
        bench.missing("age", "age, netcat-openbsd")
    if common.installed("iperf3"):
        found.append(transferring.Iperf(folder))
    else:
        bench.missing("the floor", "iperf3")
    return found


def large(bench, contestants, files):
    size = bench.count(GIB, 4 << 20)
    source = files / "source"
    with source.open("wb") as file:
        for _ in range(size >> 20):
            file.write(os.urandom(1 << 20))
    shown = "1 GiB" if size == GIB else f"{size >> 20} MiB"
    destinations = [
        (Destination(files / "kept", "kept"), "into a file that is there", ">= 3x scp aes256-gcm, >= 2.2x socat"),
        (Destination(files / "new", "new"), "into a new file", None),
        (Destination(pathlib.Path("/dev/null"), "null"), "into /dev/null", None),
    ]
    for destination, where, target in destinations:
        runs = {each.name: [] for each in contestants}
        for turn in range(bench.runs):
            for each in contestants:
                destination.prepare(source)
                runs[each.name].append(each.run(source, destination))
                if turn == 0 and each.name != transferring.Iperf.name:
                    destination.check(source)
        bench.add(
            AREA, f"{shown} {where}", "s", {name: [run.seconds for run in some] for name, some in runs.items()},
            load="one core a side", target=target)
        bench.add(
            AREA, f"{shown} {where}, both sides", "CPU s",
            {name: [run.cpu for run in some] for name, some in runs.items()}, load="one core a side",
            target="<= 0.70" if target else None)
    memory(bench, contestants, source, destinations[0][0], shown)


def memory(bench, contestants, source, destination, shown):
    """The peak of the larger process of each side, in runs of their own: to look costs time."""
    runs = {each.name: each.run(source, destination, watches_memory=True) for each in contestants}
    for side in ("sender", "receiver"):
        bench.add(
            AREA, f"memory of the {side}, {shown}", "MB",
            {name: [run.memory[side] / 1e6] for name, run in runs.items()}, target="<= 32")


def small(bench, contestants, files):
    source = files / "small"
    source.write_bytes(os.urandom(1000))
    destination = Destination(files / "small-received", "new")

    def once(contestant):
        destination.prepare(source)
        run = contestant.run(source, destination)
        destination.check(source)
        return run.command * 1000

    for each in contestants:
        once(each)
    rounds = bench.count(5, 1)
    samples = {each.name: [] for each in contestants}
    for _ in range(bench.runs * rounds):
        for each in contestants:
            samples[each.name].append(once(each))
    bench.add(
        AREA, "1 KB to a waiting receiver, login kept, whole command", "ms", samples, load="one at a time",
        target="<= 40")


def cipher_speed(bench):
    """What libcrypto alone can do on one core, for comparison."""
    openssl = common.installed("openssl")
    if openssl is None:
        bench.missing("openssl speed", "openssl")
        return
    told = subprocess.run(
        common.pinned(common.server_core(), [
            openssl, "speed", "-mr", "-seconds", str(bench.count(3, 1)), "-bytes", "524288", "-evp", "aes-256-gcm"]),
        check=True, capture_output=True, text=True).stdout
    speeds = [line.split(":")[-1] for line in told.splitlines() if line.startswith("+F:")]
    if speeds:
        bench.note(f"openssl speed: AES-256-GCM at {float(speeds[0]) / 1e9:.2f} GB/s on one core")
