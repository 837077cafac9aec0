"""How long a command takes that only prints: loading, linking and reading the command line."""

import os
import statistics
import time

import common

AREA = "startup"


def run(bench):
    commands = {"trent": [common.program("client"), "--help"]}
    peers = [
        ("kinit", "krb5-user", ["-V", "-?"]), ("ssh", "openssh-client", ["-V"]),
        ("wormhole", "magic-wormhole", ["--help"]), ("true", "coreutils", [])]
    for name, package, arguments in peers:
        path = common.installed(name)
        if path is None:
            bench.missing(name, package)
        else:
            commands[name] = [path, *arguments]
    count = bench.count(100, 3)
    bench.compare(
        AREA, "client --help", "ms",
        {name: lambda command=command: milliseconds(command, 5 if name == "wormhole" else count)
         for name, command in commands.items()},
        target="<= 8")
    size = os.path.getsize(common.program("client")) / 1e6
    bench.add(AREA, "the program itself", "MB", {"trent": [size]})


def milliseconds(command, count):
    """The median time from asking the system for the program to its end."""
    with open(os.devnull, "r+b") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), number) for number in range(3)]
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            os.waitpid(os.posix_spawn(command[0], command, os.environ, file_actions=actions), 0)
            times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)
