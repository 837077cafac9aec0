"""docs/AUDIT.md, both ways: the real KDC's trail here, and one that is written here there."""

import pathlib
from xml.etree import ElementTree

from checks import Checks
from parties import DONE
from programs import Laboratory
from trent.audit import Chain, State, new_key, read_initial, verify, write_initial
from trent.encoding import Malformed, word
from trent.primitives import random, signing_public

HOSTILE = r"\u0022>\u003cscript>alert(1)\u003c/script>"


class AuditChecks:
    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.laboratory = checks, laboratory
        self.file = laboratory.folder / "audit"

    def beside(self, ending: str) -> pathlib.Path:
        return self.file.with_name(self.file.name + ending)

    def run(self) -> None:
        self.checks.group("AUDIT.md: the KDC's trail", self.theirs)
        self.checks.group("AUDIT.md: a trail that is written here", self.ours)

    def verified(self, content: bytes) -> str:
        """What is wrong with it; nothing, when it is as it was written."""
        try:
            state = State.read(self.beside(".key").read_bytes())
            initial = read_initial(self.beside(".initial").read_bytes())
            verify([content], initial, state, self.laboratory.word)
        except Malformed as error:
            return str(error)
        return ""

    def theirs(self) -> None:
        check = self.checks
        self.laboratory.end_kdc()
        content = self.file.read_bytes()
        lines = content.splitlines(keepends=True)
        check.same("it verifies", self.verified(content), "")
        check.that("it is of some length", len(lines) > 20, len(lines))
        state = State.read(self.beside(".key").read_bytes())
        check.same("the state counts all of it", (state.count, state.ended), (len(lines), 1))
        check.same("its length, too", state.length, len(content))
        check.same("the state is read, and written the same", state.encoded(),
                   self.beside(".key").read_bytes())
        initial = self.beside(".initial").read_bytes()
        check.same("so is the initial key", write_initial(read_initial(initial)), initial)
        middle = len(lines) // 2
        bent = lines[middle].replace(b'"time":"2', b'"time":"3')
        for what, others in {
            "an edited line": lines[:middle] + [bent] + lines[middle + 1 :],
            "a removed line": lines[:middle] + lines[middle + 1 :],
            "exchanged lines": lines[:middle] + lines[middle : middle + 2][::-1] + lines[middle + 2 :],
            "a cut tail": lines[:middle],
        }.items():
            check.that(f"{what} is found here", self.verified(b"".join(others)))

    def ours(self) -> None:
        """The real verifier takes what is written from the page, and nothing else."""
        check, seed, initial = self.checks, random(32), new_key()
        identity = word(signing_public(seed))
        chain, lines = Chain(initial), []
        time = "2026-01-02T03:04:05.678Z"
        start = f'"time":"{time}","event":"started","realm":"{identity}","version":"1"'
        zeros = bytes(32).hex()
        lines.append(chain.seal(f'{start},"after":"{zeros}","head":"{zeros}"'.encode()))
        for number in range(50):
            event = '"event":"key-issued","purpose":"session","ticket":"00"'
            names = f'"name":"{HOSTILE if number % 2 else "bob"}","for":"carol"'
            lines.append(chain.seal(f'"time":"{time}",{event},{names}'.encode()))
            if number % 7 == 0:
                lines.append(chain.checkpoint(time, seed))
        file = self.laboratory.folder / "our-audit"
        content = b"".join(line + b"\n" for line in lines)
        state = State(chain.number, len(content), 0, chain.mac, chain.head, chain.key)
        file.with_name("our-audit.key").write_bytes(state.encoded())
        file.with_name("our-audit.key").chmod(0o600)
        key = file.with_name("our-audit.initial")
        key.write_bytes(write_initial(initial))
        key.chmod(0o600)
        options = ["--key", str(key), "--word", identity]
        for what, written, status in (
            ("as it is written here", content, DONE),
            ("without its last line", content[: content[:-1].rindex(b"\n") + 1], 1),
            ("with another name", content.replace(b"carol", b"carla", 1), 1),
        ):
            file.write_bytes(written)
            program = self.laboratory.kdc_command("audit", "verify", str(file), *options)
            check.same(f"the real verifier, {what}", program.wait(), status)
        file.write_bytes(content)
        page = file.with_name("page.html")
        arguments = ["audit", "report", "--html", str(page), str(file), *options]
        check.same("a report is made", self.laboratory.kdc_command(*arguments).wait(), DONE)
        self.page(page.read_text())

    def page(self, text: str) -> None:
        """The report is XML; what it says can be told from its tree."""
        check, tree = self.checks, ElementTree.fromstring(text)
        kinds = {element.tag.removeprefix("{http://www.w3.org/1999/xhtml}") for element in tree.iter()}
        allowed = {"html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "p"}
        allowed |= {"section", "strong", "div", "b", "span", "figure", "figcaption", "svg", "line"}
        allowed |= {"text", "rect", "g", "ol", "li", "table", "tr", "td", "th"}
        check.that("it has no elements but these", kinds <= allowed, kinds - allowed)
        loads = {
            name
            for element in tree.iter()
            for name in element.attrib
            if name in ("src", "href", "style", "action", "data") or name.startswith("on")
        }
        check.that("nothing is loaded, nothing is run", not loads and "url(" not in text, loads)
        titles = [element.text or "" for element in tree.iter() if element.tag.endswith("title")]
        hostile = '"><script>alert(1)</script>'
        check.that("a hostile name is text", f"{hostile} \u2192 carol: 25" in titles, titles)
        check.that("so is bob", "bob \u2192 carol: 25" in titles, titles)
        words = "".join(tree.itertext())
        check.that("it tells the number of keys", "50keys issued" in words)
        check.that("it tells that it was verified", "Nothing was changed." in words)
