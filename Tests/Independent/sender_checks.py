"""Sections 5.2 to 5.6: what the real sender refuses."""

import hashlib

from parties import (
    BENT_LOGIN_KEYS,
    BROKEN,
    DONE,
    PROGRAM_FAILED,
    REFUSED_BY_RECEIVER,
    Parties,
)
from peers import Peer
from programs import Program
from trent.encoding import u8, u64
from trent.frames import RECORD, Closed
from trent.primitives import random
from trent.session import Session
from trent.transfer import (
    ANSWER,
    COMPLETE,
    DECLINED,
    NO_SPACE,
    PROGRAM_STOPPED,
    Receipt,
    accept_offer,
    decline_offer,
    receive_chunks,
    receive_file,
    take_list,
)


class SenderChecks:
    """The real client as A, a hostile or broken B."""

    def __init__(self, parties: Parties):
        self.parties, self.checks = parties, parties.checks
        self.laboratory, self.receiver = parties.laboratory, parties.receiver

    def run(self) -> None:
        self.checks.group("what the real sender refuses", self.sender_refuses)
        self.checks.group("U: receivers that it does not trust", self.bent_receivers)

    def to_python(self, act: object, bend: bytes = bytes(32)) -> tuple[int, object, Program]:
        """The real sender's exit status, and what became of the Python receiver."""
        source = self.parties.fresh_path()
        self.parties.sent = random(200_000)
        source.write_bytes(self.parties.sent)
        received = self.parties.background.receive(self.receiver, act, bend)
        program = self.laboratory.sender("alice", "python-b", source)
        status = program.wait()
        return status, received.exception(), program

    def sender_refuses(self) -> None:
        check = self.checks
        status, error, program = self.to_python(receive_file, bend=random(32))
        check.that(
            "P3: a wrong psk: the sender fails", status not in (DONE, 64), program.messages()
        )
        check.that("P3: and sends no record", isinstance(error, (Closed, OSError)), repr(error))

        def decline(session: Session) -> None:
            decline_offer(session, DECLINED)

        def one_byte_less(session: Session) -> None:
            data = receive_chunks(session, accept_offer(session))
            session.send(Receipt(COMPLETE, len(data) - 1).encoded())

        def one_byte_more(session: Session) -> None:
            data = receive_chunks(session, accept_offer(session))
            session.send(Receipt(COMPLETE, len(data) + 1).encoded())

        def hash_too(session: Session) -> None:
            data = receive_chunks(session, accept_offer(session))
            session.send(Receipt(COMPLETE, len(data)).encoded() + hashlib.sha256(data).digest())

        def bad_exit(session: Session) -> None:
            data = receive_chunks(session, accept_offer(session))
            session.send(Receipt(COMPLETE, len(data), status=3).encoded())

        def program_stopped(session: Session) -> None:
            data = receive_chunks(session, accept_offer(session))
            session.send(Receipt(PROGRAM_STOPPED, len(data), status=3).encoded())

        def too_much(session: Session) -> None:
            take_list(session)
            session.send(u8(ANSWER) + u8(0) + u64(200_001) + random(32))

        def other_start(session: Session) -> None:
            """What B has is something else: A begins at the beginning, and all is well."""
            _, data = receive_file(session, random(100_000))
            self.checks.same("F2: another beginning: sent from the start", len(data), 200_000)

        def hung_up(session: Session) -> None:
            receive_chunks(session, accept_offer(session))

        def no_space(session: Session) -> None:
            receive_chunks(session, accept_offer(session))
            session.send(Receipt(NO_SPACE, 65536).encoded())

        def bent_record(session: Session) -> None:
            accept_offer(session)
            session.frames.send(RECORD, random(60))

        def resumed(session: Session) -> None:
            have = self.parties.sent[:70_000]
            _, data = receive_file(session, have)
            check.that("F2: the same beginning: all of it", data == self.parties.sent)

        for act, expected in (
            (resumed, DONE),
            (decline, REFUSED_BY_RECEIVER),
            (one_byte_less, BROKEN),
            (one_byte_more, BROKEN),
            (hash_too, BROKEN),
            (bad_exit, PROGRAM_FAILED),
            (program_stopped, PROGRAM_FAILED),
            (too_much, BROKEN),
            (other_start, DONE),
            (hung_up, BROKEN),
            (bent_record, BROKEN),
        ):
            status, _, program = self.to_python(act)
            what = act.__name__.replace("_", " ")
            check.same(f"F: {what}: exit status of the real sender", status, expected)
        status, _, _ = self.to_python(no_space)
        check.that("F: a receipt with a reason is no success", status not in (DONE, 64), status)

    def bent_receivers(self) -> None:
        """U3 and U4 on a receiver's login key: the real sender does not even connect."""
        receiver = Peer(self.laboratory.kdc, "python-e")
        for what, bend in BENT_LOGIN_KEYS:
            bend(receiver)
            source = self.parties.fresh_path()
            source.write_bytes(b"for nobody")
            with receiver.listen() as listener:
                program = self.laboratory.sender("alice", "python-e", source)
                status = program.wait()
                self.checks.that(f"{what}: the sender fails", status not in (DONE, 64), status)
                self.parties.not_connected(what, listener)
