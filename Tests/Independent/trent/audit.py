"""docs/AUDIT.md: reading and writing an audit trail."""

import json
import re
from dataclasses import dataclass, field

from .encoding import Malformed, Reader, context, identity_of, lp, u8, u64
from .primitives import expand, mac, random, sha256, sign, signing_public, verifies

LINE = re.compile(
    rb'(\{"n":(0|[1-9][0-9]*),"time":"[0-9TZ:.-]{24}","event":"[a-z-]+".*),"mac":"([0-9a-f]{64})"\}'
)
STATE, INITIAL = b"trent audit state v1\n", b"trent audit initial v1\n"
COPY = 4096


def _step(key: bytes) -> tuple[bytes, bytes]:
    """3: the next key, and the MAC key of this record."""
    both = expand(key, lp(b"trent audit step v1"), 64)
    return both[:32], both[32:]


def _mac(mac_key: bytes, number: int, former: bytes, content: bytes) -> bytes:
    return mac(mac_key, lp(b"trent audit record v1") + u64(number) + former + content)


def _signed(realm: bytes, number: int, head: bytes) -> bytes:
    return context("trent audit checkpoint v1", realm, u64(number), head)


@dataclass
class Chain:
    """3 and 4: where a chain is."""

    key: bytes
    number: int = 0
    mac: bytes = bytes(32)
    head: bytes = bytes(32)

    def seal(self, members: bytes) -> bytes:
        """A record, without its newline."""
        content = b'{"n":%d,' % self.number + members
        self.key, mac_key = _step(self.key)
        self.mac = _mac(mac_key, self.number, self.mac, content)
        line = content + b',"mac":"' + self.mac.hex().encode() + b'"}'
        self._follow(line)
        return line

    def checkpoint(self, time: str, seed: bytes) -> bytes:
        realm = sha256(signing_public(seed))
        signature = sign(seed, _signed(realm, self.number, self.head))
        members = {"time": time, "event": "checkpoint", "head": self.head.hex()}
        members["signature"] = signature.hex()
        return self.seal(json.dumps(members, separators=(",", ":")).encode()[1:-1])

    def _follow(self, line: bytes) -> None:
        self.head = sha256(lp(b"trent audit line v1") + self.head + line)
        self.number += 1

    def accept(self, line: bytes, identity: bytes) -> dict[str, object]:
        """6: the record that comes next, verified."""
        match = LINE.fullmatch(line)
        if match is None or int(match[2]) != self.number:
            raise Malformed(f"record {self.number} is not there")
        key, mac_key = _step(self.key)
        found = bytes.fromhex(match[3].decode())
        if _mac(mac_key, self.number, self.mac, match[1]) != found:
            raise Malformed(f"the MAC of record {self.number} is wrong")
        record = json.loads(line)
        head = bytes.fromhex(record.get("head", ""))
        if "head" in record and head != self.head:
            raise Malformed(f"record {self.number} is about other lines")
        if "after" in record and bytes.fromhex(record["after"]) != self.mac:
            raise Malformed(f"record {self.number} comes after another")
        if record["event"] == "checkpoint":
            signature = bytes.fromhex(record["signature"])
            if not verifies(identity, signature, _signed(sha256(identity), self.number, head)):
                raise Malformed(f"the signature of record {self.number} is wrong")
        self.key, self.mac = key, found
        self._follow(line)
        return record


@dataclass(frozen=True)
class State:
    """5: FILE.key."""

    count: int
    length: int
    ended: int
    mac: bytes
    head: bytes
    key: bytes = field(repr=False)

    @staticmethod
    def read(content: bytes) -> "State":
        size = len(STATE) + 17 + 4 * 32
        for copy in (content[:size], content[COPY : COPY + size]):
            if copy.startswith(STATE) and sha256(copy[:-32]) == copy[-32:]:
                reader = Reader(copy[len(STATE) : -32])
                count, length, ended = reader.u64(), reader.u64(), reader.u8()
                last, head, key = reader.bytes(32), reader.bytes(32), reader.bytes(32)
                reader.end()
                return State(count, length, ended, last, head, key)
        raise Malformed("neither copy of the state is whole")

    def encoded(self) -> bytes:
        body = STATE + u64(self.count) + u64(self.length) + u8(self.ended)
        body += self.mac + self.head + self.key
        body += sha256(body)
        return body.ljust(COPY, b"\0") + body


def read_initial(content: bytes) -> bytes:
    key = content[len(INITIAL) : -32]
    if not content.startswith(INITIAL) or len(key) != 32 or sha256(content[:-32]) != content[-32:]:
        raise Malformed("this is no initial key")
    return key


def write_initial(key: bytes) -> bytes:
    body = INITIAL + key
    return body + sha256(body)


def verify(files: list[bytes], initial: bytes, state: State, word: str) -> list[dict[str, object]]:
    """The records of a trail whose files, oldest first, are whole and as they were written."""
    chain, records = Chain(initial), []
    for content in files:
        if content and not content.endswith(b"\n"):
            raise Malformed("the last line is not complete")
        for line in content.splitlines():
            if chain.number == state.count:
                _agree(chain, state)
            records.append(chain.accept(line, identity_of(word)))
    if chain.number < state.count:
        raise Malformed(f"records from {chain.number} on are cut off")
    if chain.number == state.count:
        _agree(chain, state)
    return records


def _agree(chain: Chain, state: State) -> None:
    if (chain.key, chain.mac, chain.head) != (state.key, state.mac, state.head):
        raise Malformed("the state is of another chain")


def new_key() -> bytes:
    return random(32)
