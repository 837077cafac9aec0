"""MIT's krb5kdc as a peer: a realm of its own in a scratch folder, and clients by its own library (libkrb5)."""

import contextlib
import ctypes
import ctypes.util
import os
import socket
import subprocess
import sys
import threading
import time

import common

REALM = "BENCH.EXAMPLE"
PACKAGES = "krb5-kdc"
PASSWORD = "correct horse battery staple"

CONFIG = """[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = {limit}
[realms]
 {realm} = {{
  kdc = 127.0.0.1:{port}
 }}
"""

KDC_CONFIG = """[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
 kdc_tcp_listen_backlog = 128
[realms]
 {realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/acl
  max_life = 10h
  supported_enctypes = aes256-cts-hmac-sha1-96:normal
 }}
[logging]
 kdc = FILE:{folder}/kdc.log
"""


def is_installed():
    return all(map(common.installed, ["krb5kdc", "kdb5_util", "kadmin.local"])) \
        and ctypes.util.find_library("krb5") is not None


class MIT:
    def __init__(self, process, environment):
        self.pid = process.pid
        self.environment = environment

    def load(self, exchange, transport, concurrency, count):
        """Microseconds of the KDC's processor time for each request.

        exchange: "ticket" (TGS, a fresh request each) or "login" (AS with encrypted timestamp).
        """
        environment = dict(self.environment[transport])
        command = [sys.executable, os.path.abspath(__file__), exchange, str(concurrency), str(count)]
        clients = subprocess.Popen(
            common.pinned(common.load_core(), command), env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if clients.stdout.readline() != "ready\n":
            raise common.BenchFailure("the clients of krb5kdc cannot log in")
        before = common.cpu_seconds(self.pid)
        clients.stdin.write("go\n")
        clients.stdin.flush()
        ended = clients.stdout.readline()
        after = common.cpu_seconds(self.pid)
        clients.stdin.close()
        clients.wait()
        if not ended.startswith("done "):
            raise common.BenchFailure("krb5kdc refuses its clients")
        return (after - before) / int(ended.split()[1]) * 1e6


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def realm():
    """A realm with the users a and b, and its KDC on the server's core."""
    with common.scratch() as folder:
        port = free_port()
        environment = {}
        for transport, limit in [("udp", 32700), ("tcp", 1)]:
            path = os.path.join(folder, f"krb5-{transport}.conf")
            with open(path, "w") as file:
                file.write(CONFIG.format(realm=REALM, port=port, limit=limit))
            environment[transport] = {**os.environ, "KRB5_CONFIG": path}
        profile = os.path.join(folder, "kdc.conf")
        with open(profile, "w") as file:
            file.write(KDC_CONFIG.format(realm=REALM, port=port, folder=folder))
        server = {**environment["udp"], "KRB5_KDC_PROFILE": profile}

        def run(name, *arguments):
            subprocess.run(
                [common.installed(name), *arguments], env=server, check=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
        for name in "ab":
            run("kadmin.local", "-r", REALM, "-q", f'addprinc +requires_preauth -pw "{PASSWORD}" {name}')
        command = [common.installed("krb5kdc"), "-n", "-r", REALM]
        with common.server(common.pinned(common.server_core(), command), env=server,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            for _ in range(200):
                if process.poll() is not None:
                    raise common.BenchFailure("krb5kdc does not start")
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
            yield MIT(process, environment)


# The clients: a process of its own, threads of which each wait for one answer at a time.

class Keyblock(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_int32), ("enctype", ctypes.c_int32), ("length", ctypes.c_uint),
                ("contents", ctypes.c_void_p)]


class Data(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_int32), ("length", ctypes.c_uint), ("data", ctypes.c_void_p)]


class Credentials(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_int32), ("client", ctypes.c_void_p), ("server", ctypes.c_void_p),
                ("keyblock", Keyblock), ("times", ctypes.c_int32 * 4), ("is_skey", ctypes.c_uint),
                ("ticket_flags", ctypes.c_int32), ("addresses", ctypes.c_void_p), ("ticket", Data),
                ("second_ticket", Data), ("authdata", ctypes.c_void_p)]


class Client:
    """One client with a context and a login of its own."""

    NO_STORE = 8
    ENCRYPTED_TIMESTAMP = 2

    def __init__(self, library):
        self.library = library
        self.context = ctypes.c_void_p()
        self.must(library.krb5_init_context(ctypes.byref(self.context)))
        self.name = self.principal(b"a")
        self.peer = self.principal(b"b")
        self.options = ctypes.c_void_p()
        self.must(library.krb5_get_init_creds_opt_alloc(self.context, ctypes.byref(self.options)))
        kinds = (ctypes.c_int32 * 1)(self.ENCRYPTED_TIMESTAMP)
        library.krb5_get_init_creds_opt_set_preauth_list(self.options, kinds, 1)
        self.cache = ctypes.c_void_p()
        self.must(library.krb5_cc_new_unique(self.context, b"MEMORY", None, ctypes.byref(self.cache)))
        self.must(library.krb5_cc_initialize(self.context, self.cache, self.name))
        tgt = Credentials()
        self.must(self.log_in(tgt))
        self.must(library.krb5_cc_store_cred(self.context, self.cache, ctypes.byref(tgt)))

    def must(self, code):
        if code != 0:
            raise common.BenchFailure(f"libkrb5 says {code}")

    def principal(self, name):
        principal = ctypes.c_void_p()
        self.must(self.library.krb5_parse_name(self.context, name, ctypes.byref(principal)))
        return principal

    def log_in(self, credentials):
        return self.library.krb5_get_init_creds_password(
            self.context, ctypes.byref(credentials), self.name, PASSWORD.encode(), None, None, 0, None,
            self.options)

    def login(self):
        credentials = Credentials()
        self.must(self.log_in(credentials))
        self.library.krb5_free_cred_contents(self.context, ctypes.byref(credentials))

    def ticket(self):
        wanted = Credentials(client=self.name, server=self.peer)
        got = ctypes.c_void_p()
        self.must(self.library.krb5_get_credentials(
            self.context, self.NO_STORE, self.cache, ctypes.byref(wanted), ctypes.byref(got)))
        self.library.krb5_free_creds(self.context, got)


def clients(exchange, concurrency, count):
    library = ctypes.CDLL(ctypes.util.find_library("krb5"))
    everybody = [Client(library) for _ in range(concurrency)]
    print("ready", flush=True)
    sys.stdin.readline()
    share = max(1, count // concurrency)
    done = [0] * concurrency

    def work(index):
        ask = getattr(everybody[index], exchange)
        for _ in range(share):
            ask()
            done[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("done" if sum(done) == share * concurrency else "failed", sum(done), flush=True)


if __name__ == "__main__":
    clients(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
