"""The KDC: processor time of the server for each request, beside a bare echo of the same sizes and MIT's krb5kdc."""

import contextlib
import os
import resource
import socket
import subprocess

import common
import mit
import postgresql

AREA = "kdc"
IDLE_CONNECTIONS = 10_000
# A KDC takes 2048 from one source, and no more than an eighth of all.
CONNECTIONS_PER_SOURCE = 1_700


class Echo:
    """The floor: a server in C that only answers."""

    def __init__(self, process, program):
        self.pid, self.program = process.pid, program
        self.port = process.stdout.readline().strip()

    def load(self, transport, concurrency, count):
        before = common.cpu_seconds(self.pid)
        subprocess.run(
            common.pinned(common.load_core(), [
                self.program, "load", self.port, transport, str(concurrency), str(count)]),
            check=True)
        return (common.cpu_seconds(self.pid) - before) / count * 1e6


@contextlib.contextmanager
def echo():
    compiler = common.installed("clang") or common.installed("cc")
    if compiler is None:
        yield None
        return
    with common.scratch() as folder:
        program = os.path.join(folder, "echo")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "echo.c")
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)
        with common.server(common.pinned(common.server_core(), [program, "serve"]),
                           stdout=subprocess.PIPE, text=True) as process:
            yield Echo(process, program)


def run(bench):
    if len(common.cores()) < 2:
        bench.note("one core: the KDC and the load on it share it")
    with contextlib.ExitStack() as stack:
        kdc = stack.enter_context(common.kdc())
        floor = stack.enter_context(echo())
        if floor is None:
            bench.missing("a bare echo", "clang or gcc")
        peer = None
        if mit.is_installed():
            peer = stack.enter_context(mit.realm())
        else:
            bench.missing("MIT krb5kdc", mit.PACKAGES)
        exchanges(bench, kdc, floor, peer)
    stored(bench)
    two_cores(bench)
    idle_connections(bench)


def exchanges(bench, kdc, floor, peer):
    """Key requests and logins, one core, 32 in flight."""
    concurrency = 32
    in_flight = f"{concurrency} in flight"

    def ours(exchange, transport, count, quick):
        count = bench.count(count, quick)
        return lambda: kdc.load(
            exchange, transport, concurrency, count, users=bench.count(1000, 8))["server_cpu_us"]

    def contestants(exchange, transport, count, quick, has_floor=True, peer_transport=None):
        by_name = {"trent": ours(exchange, transport, count, quick)}
        if floor and has_floor:
            by_name["echo in C"] = lambda: floor.load(transport, concurrency, bench.count(count, quick))
        if peer and peer_transport:
            by_name["MIT krb5kdc"] = lambda: peer.load(
                exchange, peer_transport, concurrency, bench.count(6400, 64))
        return by_name

    unit = "us of KDC CPU"
    bench.compare(
        AREA, "key request with a TGT, UDP", unit,
        contestants("ticket", "udp", 100_000, 200, peer_transport="udp"), load=in_flight, target="<= 10")
    bench.compare(
        AREA, "the same, kept TCP connection", unit,
        contestants("ticket", "tcp", 100_000, 200), load=in_flight, target="<= 14")
    bench.compare(
        AREA, "the same, new TCP connection each", unit,
        contestants("ticket", "tcp-connect", 20_000, 100, peer_transport="tcp"), load=in_flight,
        target="<= 42")
    bench.compare(
        AREA, "login with proof, kept TCP connection", unit,
        contestants("login", "tcp", 5_000, 50, has_floor=False, peer_transport="udp"), load=in_flight,
        target="<= 150")
    one = bench.count(20_000, 50)
    bench.compare(
        AREA, "key request with a TGT, UDP", unit,
        {"trent": lambda: kdc.load("ticket", "udp", 1, one, users=bench.count(1000, 8))["server_cpu_us"]},
        load="1 in flight (wake-ups)")


def stored(bench):
    """The same requests where users are in PostgreSQL, which runs beside on the core of the load."""
    if not postgresql.is_installed():
        return bench.missing("users in PostgreSQL", postgresql.PACKAGE)
    if subprocess.run([common.program("kdc"), "store", "--help"], capture_output=True).returncode != 0:
        return bench.note("not measured: users in PostgreSQL (kdc was built without the trait PostgreSQL)")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgresql.server(stack.enter_context(common.scratch())))
        subprocess.run(
            [common.program("kdc"), "store", "migrate", "--store", server.url], check=True, capture_output=True)
        ours = stack.enter_context(common.kdc(store=server.url))
        files = stack.enter_context(common.kdc())
        many = bench.count(20_000, 50)

        def contestants(exchange, transport, concurrency, count, users=None):
            return {name: lambda kdc=kdc: kdc.load(
                exchange, transport, concurrency, count, users=users)["server_cpu_us"]
                for name, kdc in [("trent, PostgreSQL", ours), ("trent, files", files)]}

        unit = "us of KDC CPU"
        bench.compare(
            AREA, "key request by UDP, users in PostgreSQL", unit,
            contestants("ticket", "udp", 32, bench.count(100_000, 200), bench.count(1000, 8)),
            load="32 in flight")
        bench.compare(
            AREA, "the same, each user for the first time", unit,
            contestants("ticket", "udp", 32, many, many), load="32 in flight")
        bench.compare(
            AREA, "registration, users in PostgreSQL", unit,
            contestants("register", "tcp", 64, bench.count(5_000, 50)), load="64 in flight")


def two_cores(bench):
    """How many more key requests two cores serve than one.

    With four cores or more the load comes from others, and requests a second are compared. With two
    there is nowhere for a load to be that saturates both: there, what both could serve is computed
    from the processor time of a request when both serve.
    """
    cores = common.cores()
    if len(cores) < 2:
        return
    count = bench.count(60_000, 200)
    users = bench.count(1000, 8)
    has_room = len(cores) >= 4
    samples = {"one core": [], "two cores": []}
    for _ in range(bench.runs):
        for name, serving in [("one core", cores[:1]), ("two cores", cores[:2])]:
            loading = cores[2:] if has_room else cores[1:] if len(serving) == 1 else cores
            with common.kdc(core=serving) as kdc:
                result = kdc.load("ticket", "udp", 64, count, users=users, core=loading)
            capacity = 1e6 / result["server_cpu_us"] * len(serving)
            samples[name].append(result["requests_per_second"] if has_room else capacity)
    what = "key requests by UDP" if has_room else "key requests by UDP, computed from processor time"
    row = bench.add(
        AREA, what, "a second", {"two cores": samples["two cores"], "one core": samples["one core"]},
        better="more", load="64 in flight", target=">= 1.7x of one core")
    bench.note(f"two cores serve {row.ratio('one core'):.2f} times as much as one")


def idle_connections(bench):
    """What connections that say nothing cost: memory each, and the others' key requests."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = min(bench.count(IDLE_CONNECTIONS, 100), hard - 512)
    if wanted < bench.count(IDLE_CONNECTIONS, 100):
        bench.note(f"the limit of open files allows {wanted} idle connections")
    count = bench.count(60_000, 200)
    quiet, busy, memory = [], [], []
    for _ in range(bench.runs):
        with common.kdc() as kdc:
            def load():
                return kdc.load("ticket", "udp", 32, count, users=bench.count(1000, 8))["server_cpu_us"]
            load()
            quiet.append(load())
            before = common.private_kib(kdc.pid)
            connections = [open_connection(kdc.port, number) for number in range(wanted)]
            settle(kdc)
            memory.append((common.private_kib(kdc.pid) - before) * 1024 / wanted)
            busy.append(load())
            for connection in connections:
                connection.close()
    bench.add(
        AREA, f"key request by UDP beside {wanted} idle connections", "us of KDC CPU",
        {"with": busy, "without": quiet}, load="32 in flight", target="<= 1.2x of without")
    bench.add(AREA, "an idle TCP connection", "bytes of memory", {"trent": memory}, target="<= 8192")


def open_connection(port, number):
    source = f"127.0.0.{2 + number // CONNECTIONS_PER_SOURCE}"
    return socket.create_connection(("127.0.0.1", port), source_address=(source, 0))


def settle(kdc):
    """Waits until the KDC has taken in every connection: one that comes later is answered."""
    for source in range(2):
        with open_connection(kdc.port, source * CONNECTIONS_PER_SOURCE) as last:
            last.sendall(bytes([0, 2, 1, 1]))
            if not last.recv(4096):
                raise common.BenchFailure("the KDC closes connections: too many of them")
