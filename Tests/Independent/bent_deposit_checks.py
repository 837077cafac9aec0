"""V5: deposits that a hostile mailbox has bent, and the real client."""

from dataclasses import replace

from fraud_parties import Bend, Frauds, flip
from frauds import FakeMailbox
from parties import BROKEN
from trent.parcel import Sheet
from trent.primitives import random


class BentDepositChecks(Frauds):
    def run(self) -> None:
        self.checks.group("V5: what is in a deposit, and was bent", self.bent)

    def bent(self) -> None:
        def order(*positions: int, kinds: dict[int, int] | None = None) -> Bend:
            def bend(data: bytes) -> bytes:
                frames, sheet = Sheet(data).frames, Sheet()
                for position in positions:
                    kind, payload = frames[position]
                    sheet.send((kinds or {}).get(position, kind), payload)
                return sheet.encoded()

            return bend

        def flipped(number: int, place: int) -> Bend:
            """A bit of a byte of a frame; from its end, if the place is below 0."""

            def bend(data: bytes) -> bytes:
                ends = [0]
                for _, payload in Sheet(data).frames:
                    ends.append(ends[-1] + 4 + len(payload))
                return flip(data, (ends[number + 1] if place < 0 else ends[number]) + place)

            return bend

        def spliced(data: bytes) -> bytes:
            other, sheet = Sheet(self.held("bent", random(10_000))[1]).frames, Sheet()
            for frame in (*Sheet(data).frames[:3], other[3], other[4]):
                sheet.send(*frame)
            return sheet.encoded()

        cases: list[tuple[str, Bend]] = [
            (f"byte {place} of frame {number}", flipped(number, place))
            for number in range(5)
            for place in (0, 2, 4, -1)
        ]
        cases += [
            ("a bit of the ticket", lambda data: flip(data, 64)),
            ("two chunks in the other order", order(0, 1, 3, 2, 4)),
            ("a chunk twice", order(0, 1, 2, 2, 3, 4)),
            ("a chunk twice, in the place of another", order(0, 1, 2, 2, 4)),
            ("a chunk left out", order(0, 1, 2, 4)),
            ("the last chunk left out", order(0, 1, 2, 3)),
            ("a last chunk that is none", order(0, 1, 2, 3, kinds={3: 5})),
            ("a last chunk said to be another", order(0, 1, 2, 3, 4, kinds={4: 4})),
            ("the list left out", order(0, 2, 3, 4)),
            ("the list after a chunk", order(0, 2, 1, 3, 4)),
            ("a chunk after the last", order(0, 1, 2, 3, 4, 2)),
            ("chunks of another deposit", spliced),
            ("one byte cut", lambda data: data[:-1]),
            ("all but the letter cut", order(0)),
            ("half of the letter", lambda data: data[:300]),
            ("one byte", lambda data: data[:1]),
            ("a byte more", lambda data: data + b"\0"),
        ]
        self.all_refused(cases)
        size = len(self.held("told", bytes(10_000))[1])
        for told in (size + 1, size - 1, 0, 2**64 - 1):
            waiting, data = self.held("told", random(10_000))
            one = [(replace(waiting, size=told), data)]
            self.nothing(f"{told} bytes are told of {size}", one, {}, BROKEN)
        self.mended()

    def all_refused(self, cases: list[tuple[str, Bend]]) -> None:
        """Each stays where it is, and the honest one behind them is taken."""
        held = []
        for number, (_, bend) in enumerate(cases, 1000):
            waiting, data = self.held("bent", random(10_000))
            bent = bend(data)
            held.append((replace(waiting, number=number, size=len(bent)), bent))
        waiting, data = self.held("good", b"after all that")
        mailbox = FakeMailbox(self.fraud, [*held, (replace(waiting, number=2000), data)], {})
        status, folder, program = self.fetch(mailbox)
        self.checks.same("bent in every way: the exit status", status, BROKEN)
        for number, (what, _) in enumerate(cases, 1000):
            told = f"deposit {number} " in program.messages()
            self.checks.that(f"{what}: told, and stays", told and number in mailbox.held)
        self.checks.same("the good one is deleted, and no other", mailbox.collected(), [2000])
        self.checks.same("nothing else has a final name", self.names(folder), ["good"])

    def mended(self) -> None:
        """Chunks that have come and verified are not asked for again, bent or not."""
        content = random(10_000)
        waiting, data = self.held("mended", content)
        last = flip(data, len(data) - 1)
        first = flip(data, len(Sheet(data).frames[0][1]) + 1000)
        held = [(waiting, last), (replace(waiting, number=waiting.number + 1), first)]
        Frauds._number += 1
        status, folder, _ = self.fetch(FakeMailbox(self.fraud, held, {}))
        self.checks.same("two damaged halves: the first is told", status, BROKEN)
        self.checks.same("two damaged halves: taken once", self.names(folder), ["mended"])
        whole = (folder / "mended").read_bytes() == content
        self.checks.that("two damaged halves: what was left", whole)
