"""The KDC's metrics, read by Prometheus' own library."""

import http.client
import pathlib
import time

from checks import Checks
from programs import PATIENCE, Laboratory
from prometheus_client.parser import text_string_to_metric_families
from trent.person import Person

HISTOGRAM = "trent_kdc_sealed_request_duration_seconds"


class MetricsChecks:
    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.laboratory = checks, laboratory

    def page(self, target: str, method: str = "GET") -> tuple[int, str, str]:
        """Status, type and text."""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        connection.request(method, target)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, response.headers["Content-Type"], text

    def values(self) -> dict[tuple[str, str], float]:
        """By name, and the label's value."""
        self.families = list(text_string_to_metric_families(self.page("/metrics")[2]))
        return {
            (sample.name, "/".join(sample.labels.values())): sample.value
            for family in self.families
            for sample in family.samples
        }

    def run(self) -> None:
        check = self.checks
        folder = pathlib.Path(self.laboratory.folder) / "watched"
        folder.mkdir()
        center, line = self.laboratory.start_watched_kdc(folder)
        host, port = line.split("http://")[1].removesuffix("/metrics").split(":")
        self.address = (host, int(port))
        check.same("watched on this machine alone", host, "127.0.0.1")
        for target, status in (("/healthz", 200), ("/readyz", 200), ("/", 404)):
            check.same(f"{target} says {status}", self.page(target)[0], status)
        check.same("POST is refused", self.page("/metrics", "POST")[0], 405)
        check.same("HEAD has no body", self.page("/metrics", "HEAD")[2], "")
        kind = "text/plain; version=0.0.4; charset=utf-8"
        check.same("the type is that of the format", self.page("/metrics")[1], kind)

        person = Person(center, "walter", b"a passphrase to be watched")
        person.register()
        person.login()
        deadline = time.monotonic() + PATIENCE
        while (values := self.values()).get(("trent_kdc_events_total", "logged-in")) != 1:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        for name, label, expected in (
            ("trent_kdc_events_total", "registered", 1),
            ("trent_kdc_events_total", "logged-in", 1),
            ("trent_kdc_requests_total", "sealed/refused", 0),
            ("trent_kdc_refusals_total", "name or proof", 0),
            ("trent_kdc_users", "", 1),
            ("trent_kdc_ready", "", 1),
            ("trent_kdc_brakes_closed", "name", 0),
        ):
            check.same(f"{name} {label}", values.get((name, label)), expected)
        sealed = values.get(("trent_kdc_requests_total", "sealed/granted"), 0)
        check.that("sealed requests are counted", sealed >= 3, sealed)
        check.same("as many durations", values.get((f"{HISTOGRAM}_count", "")), sealed)
        check.same("all in the last bucket", values.get((f"{HISTOGRAM}_bucket", "+Inf")), sealed)
        check.that("memory is told", values.get(("process_resident_memory_bytes", ""), 0) > 1 << 20)

        names = [family.name for family in self.families]
        check.same("each metric is there once", len(names), len(set(names)))
        check.that("each is explained", all(family.documentation for family in self.families))
        kinds = {family.type for family in self.families}
        check.same("each has its type", kinds, {"counter", "gauge", "histogram"})
        prefixes = ("trent_kdc_", "process_")
        check.that("each is named so", all(name.startswith(prefixes) for name in names), names)
        check.that("nobody is named", "walter" not in self.page("/metrics")[2])
