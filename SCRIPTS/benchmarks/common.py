"""What all benchmarks need: servers and their processor time, contestants in turn, tables, JSON, a plot."""

import contextlib
import html
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, ".build", "release")


class BenchFailure(Exception):
    """What hinders the measurement, as a sentence."""


# Programs.

def build(traits=()):
    """The optimised build, which is what is shipped."""
    command = [os.path.join(ROOT, "SCRIPTS", "build-release")]
    if traits:
        command += ["--traits", ",".join(traits)]
    if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode != 0:
        raise BenchFailure("the release build fails; see " + " ".join(command))


def program(name):
    """The path of one of our programs."""
    path = os.path.join(PROGRAMS, name)
    if not os.access(path, os.X_OK):
        raise BenchFailure(f"{path} is not there: build it with SCRIPTS/build-release")
    return path


def installed(name, *folders):
    """The path of a peer's program, or None. System programs are often in folders that PATH lacks."""
    return shutil.which(name) or shutil.which(name, path=":".join(folders or ("/usr/sbin", "/sbin")))


# Processors.

def cores():
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def server_core():
    return cores()[0]


def load_core():
    """Another core than the server's, where there is one."""
    return cores()[-1]


def pinned(core, command):
    """A command that keeps to one core, or to several when `core` is a list."""
    if installed("taskset") is None:
        return list(command)
    listed = ",".join(map(str, core if isinstance(core, (list, tuple)) else [core]))
    return ["taskset", "-c", listed, *command]


def cpu_seconds(pid):
    """Processor time of a process and its threads so far, to the nanosecond (as clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def memory_kib(pid, field="VmRSS"):
    """A figure of /proc/PID/status in KiB."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    return 0


def private_kib(pid):
    """Memory that is this process's alone."""
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))


def private_dirty_kib(pid):
    """The same without what can be had again from a file: the program itself."""
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return sum(int(line.split()[1]) for line in rollup if line.startswith("Private_Dirty"))


# Servers.

@contextlib.contextmanager
def scratch():
    """A folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield folder


@contextlib.contextmanager
def server(command, **options):
    """A program that runs until the end of the block; it is then asked to end."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class KDC:
    """A KDC of ours that serves."""

    def __init__(self, process, folder):
        self.process = process
        self.pid = process.pid
        self.folder = folder
        first = process.stdout.readline()
        word = process.stdout.readline().strip()
        if not first.startswith("listening on port ") or not word:
            raise BenchFailure("kdc does not start")
        self.port = int(first.split()[-1])
        self.word = word

    def load(self, exchange, transport="tcp", concurrency=32, count=10_000, users=None, core=None):
        """Puts load on it and gives what kdc-load says of it, as a dictionary."""
        result = os.path.join(self.folder, f"load-{os.urandom(4).hex()}.json")
        command = [
            program("kdc-load"), "-a", "127.0.0.1", "-p", str(self.port), "--kdc-key", self.word,
            "--exchange", exchange, "--transport", transport, "-c", str(concurrency), "-n", str(count),
            "--server-pid", str(self.pid), "--json", result]
        if users is not None:
            command += ["--users", str(users)]
        ended = subprocess.run(
            pinned(load_core() if core is None else core, command), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        if ended.returncode != 0:
            raise BenchFailure(f"kdc-load failed: {ended.stderr.strip()}")
        with open(result) as file:
            return json.load(file)


# All load comes from one address, which the brakes would take for somebody in haste.
UNBRAKED = {"brakes": {what: {"per-second": 0}
                       for what in ("sealed-requests", "registrations", "connections")}}


@contextlib.contextmanager
def kdc(core=None, users=None, store=None, arguments=()):
    """A KDC with files of its own on 127.0.0.1.

    core: which core it keeps to (the first, if not told), or a list. users: a user file to begin with.
    store: the URL of a PostgreSQL with its users instead.
    """
    with scratch() as folder:
        path = users or os.path.join(folder, "pwd.txt")
        settings = os.path.join(folder, "settings.json")
        with open(settings, "w") as file:
            json.dump(UNBRAKED, file)
        realm = ["--store", store, "--keys", os.path.join(folder, "kdc.key")] if store else ["-f", path]
        command = [program("kdc"), "-p", "0", "-a", "127.0.0.1", *realm, "--settings", settings,
                   "-o", os.path.join(folder, "out.txt"), *arguments]
        with server(pinned(server_core() if core is None else core, command), text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            yield KDC(process, folder)


# Figures.

class Row:
    """One thing that was measured: samples of each contestant, ours first."""

    def __init__(self, area, what, unit, samples, target=None, better="less", load=""):
        self.area, self.what, self.unit, self.load = area, what, unit, load
        self.samples, self.target, self.better = samples, target, better

    def median(self, name):
        return statistics.median(self.samples[name])

    @property
    def ours(self):
        return next(iter(self.samples))

    def ratio(self, name):
        """How many times as much as ours (of what is better when it is more: ours to theirs)."""
        ours, theirs = self.median(self.ours), self.median(name)
        over, under = (theirs, ours) if self.better == "less" else (ours, theirs)
        return over / under if under else float("inf")


class Bench:
    """One run: how thorough it is, and all that it has found."""

    def __init__(self, quick, runs):
        self.quick, self.runs = quick, runs
        self.rows, self.notes, self.machine = [], [], {}

    def count(self, usual, quick):
        """How many operations: `quick` ones where it is only to be seen that everything runs."""
        return quick if self.quick else usual

    def missing(self, what, package):
        """Names a peer that is not installed."""
        self.notes.append(f"not measured: {what} (Debian package {package} is not installed)")

    def note(self, text):
        self.notes.append(text)

    def compare(self, area, what, unit, contestants, **options):
        """Runs contestants A B A B ..., each a function that gives one sample, and adds a row.

        contestants: a dictionary by name, ours first. options: target (text), better ("less" or
        "more"), load (text: how much is under way at a time).
        """
        samples = {name: [] for name in contestants}
        for _ in range(self.runs):
            for name, measure in contestants.items():
                samples[name].append(measure())
        return self.add(area, what, unit, samples, **options)

    def add(self, area, what, unit, samples, **options):
        """Adds a row of samples that were taken elsewhere."""
        row = Row(area, what, unit, samples, **options)
        self.rows.append(row)
        print(self._line(row), flush=True)
        return row

    def describe_machine(self):
        model = ""
        with open("/proc/cpuinfo") as info:
            for line in info:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
        self.machine = {
            "processor": model, "cores": len(cores()), "system": platform.platform(),
            "load": round(os.getloadavg()[0], 2)}
        print("{processor}, {cores} cores, {system}, load average {load}".format(**self.machine))
        if self.machine["load"] > 0.5 * len(cores()):
            self.note("the machine was busy with other things: absolute figures are too high")

    # Output.

    def _line(self, row):
        parts = []
        for name in row.samples:
            text = f"{name} {number(row.median(name))}"
            if name != row.ours:
                text += f" ({row.ratio(name):.2f}x)"
            parts.append(text)
        load = f", {row.load}" if row.load else ""
        return f"  {row.what}{load}: " + ", ".join(parts) + f" {row.unit}"

    def report(self):
        """The table, as Markdown."""
        if self.rows:
            print("\n| what | load | unit | ours | others (ratio to ours) | target |")
            print("|---|---|---|---|---|---|")
        for row in self.rows:
            others = ", ".join(
                f"{name} {number(row.median(name))} ({row.ratio(name):.2f}x)"
                for name in row.samples if name != row.ours)
            print(f"| {row.what} | {row.load} | {row.unit} | {number(row.median(row.ours))} | {others} "
                  f"| {row.target or ''} |")
        for note in self.notes:
            print(note)

    def write_json(self, path):
        with open(path, "w") as file:
            json.dump({
                "machine": self.machine, "quick": self.quick, "runs": self.runs, "notes": self.notes,
                "rows": [{
                    "area": row.area, "what": row.what, "load": row.load, "unit": row.unit,
                    "better": row.better, "target": row.target, "samples": row.samples,
                    "medians": {name: row.median(name) for name in row.samples},
                } for row in self.rows]}, file, indent=1)
            file.write("\n")

    def write_svg(self, path):
        """Bars of the medians, each row to its own scale."""
        width, label, bar = 860, 330, 18
        lines, y = [], 10
        for row in self.rows:
            most = max(row.median(name) for name in row.samples) or 1
            title = html.escape(f"{row.what}{', ' + row.load if row.load else ''} ({row.unit})")
            lines.append(f'<text x="10" y="{y + 13}" font-weight="bold">{title}</text>')
            y += bar + 2
            for name in row.samples:
                median = row.median(name)
                length = max(1, round((width - label - 110) * median / most))
                colour = "#2a6f97" if name == row.ours else "#b0b7bf"
                lines.append(f'<text x="{label - 8}" y="{y + 13}" text-anchor="end">{html.escape(name)}</text>')
                lines.append(f'<rect x="{label}" y="{y}" width="{length}" height="{bar - 4}" fill="{colour}"/>')
                lines.append(f'<text x="{label + length + 6}" y="{y + 13}">{number(median)}</text>')
                y += bar
            y += 10
        with open(path, "w") as file:
            file.write(
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
                'font-family="sans-serif" font-size="12">\n'
                f'<rect width="{width}" height="{y}" fill="white"/>\n' + "\n".join(lines) + "\n</svg>\n")


def number(value):
    """A figure with three significant digits, without an exponent."""
    if value == 0:
        return "0"
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{places}f}"
