"""Sections 4.2 and 4.3: the epoch key and the sealed exchange."""

from dataclasses import dataclass, replace

from .encoding import Malformed, Reader, context, u8, u64
from .envelope import EPOCH_REPLY, SEALED_REPLY, SEALED_REQUEST, fields_of, message
from .hpke import PUBLIC_KEY, Sender
from .keys import HOUR
from .primitives import expand, extract, mac, open_sealed, pair, sha256, verifies

SALT_REQUEST, REGISTRATION, LOGIN, CHANGE = 1, 2, 3, 4
REFUSED, SALT, REGISTERED, GRANTED, TAKEN, NOT_NOW, OTHER_IDENTITY, CHANGED = range(8)
SLOW_DOWN, NOT_INVITED = 8, 9
PROVEN = {REGISTERED, GRANTED, OTHER_IDENTITY, CHANGED}
HEADER = 35


def former_keys(reader: Reader, identity: bytes) -> tuple[bytes, ...]:
    """2.4: a succession that leads to this identity."""
    count = reader.u8()
    if not 1 <= count <= 16:
        raise Malformed("a number of identities")
    steps = [(reader.bytes(32), reader.u64(), reader.bytes(64)) for _ in range(count)]
    keys = [key for key, _, _ in steps] + [identity]
    times = [time for _, time, _ in steps]
    if len(set(keys)) != len(keys) or times != sorted(times):
        raise Malformed("a succession's keys or times")
    label, realm = "trent identity succession v1", sha256(keys[0])
    for number, (key, time, signature) in enumerate(steps, 1):
        text = context(label, realm, u8(number), keys[number], u64(time))
        if not verifies(key, signature, text):
            raise Malformed("an identity that its predecessor has not signed")
    return tuple(keys[:-1])


@dataclass(frozen=True)
class Epoch:
    """E2; `realm` is that of the founding key."""

    identity: bytes
    not_before: int
    not_after: int
    key: bytes
    former: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, reply: bytes, pinned: bytes) -> "Epoch":
        """E3 and the part of E4 that needs no clock."""
        reader = Reader(fields_of(reply, EPOCH_REPLY))
        epoch = cls(reader.bytes(32), reader.u64(), reader.u64(), reader.bytes(PUBLIC_KEY))
        signature = reader.bytes(64)
        if not reader.at_end:
            epoch = replace(epoch, former=former_keys(reader, epoch.identity))
        reader.end()
        text = context(
            "trent epoch key v1",
            epoch.realm,
            u64(epoch.not_before),
            u64(epoch.not_after),
            epoch.key,
        )
        if not verifies(epoch.identity, signature, text) or (
            pinned not in (epoch.identity, *epoch.former)
        ):
            raise Malformed("this epoch key is not the pinned KDC's")
        if not 0 < epoch.not_after - epoch.not_before <= 24 * HOUR:
            raise Malformed("an epoch key's life")
        return epoch

    @property
    def realm(self) -> bytes:
        return sha256(self.former[0] if self.former else self.identity)

    @property
    def hash(self) -> bytes:
        return sha256(self.key)


@dataclass(frozen=True)
class SealedReply:
    """Q3, opened: `fields` begins after KDC time."""

    proven: bool
    kind: int
    time: int
    fields: Reader


class SealedExchange:
    """Q1 and Q3: one request and the key to its reply."""

    def __init__(self, epoch: Epoch, kind: int, fields: bytes, proof_key: bytes | None = None):
        sender = Sender(epoch.key, context("trent sealed request v1", epoch.realm, epoch.hash))
        plaintext = u8(kind) + fields
        if proof_key is not None:
            plaintext += mac(
                proof_key,
                context(
                    "trent request proof v1",
                    epoch.realm,
                    epoch.hash,
                    sender.encapsulated_key,
                    u8(kind) + fields,
                ),
            )
        header = message(SEALED_REQUEST, epoch.hash[:8])
        self.request = header + sender.encapsulated_key + sender.seal(header, plaintext)
        self._encapsulated_key = sender.encapsulated_key
        self._realm = epoch.realm
        self._exported = sender.export(context("trent sealed reply v1", epoch.realm), 32)

    def open(self, reply: bytes, reply_key: bytes = b"") -> SealedReply:
        reader = Reader(fields_of(reply, SEALED_REPLY))
        proven, nonce = reader.u8(), reader.bytes(32)
        if proven > 1:
            raise Malformed("neither proven nor open")
        material = self._exported + (reply_key if proven else b"")
        label = "trent proven reply v1" if proven else "trent open reply v1"
        secret = extract(self._encapsulated_key + nonce, material)
        key, key_nonce = pair(expand(secret, context(label, self._realm), 44))
        plaintext = Reader(open_sealed(key, key_nonce, reply[:HEADER], reader.rest()))
        opened = SealedReply(proven == 1, plaintext.u8(), plaintext.u64(), plaintext)
        if opened.kind > NOT_INVITED or opened.proven != (opened.kind in PROVEN):
            raise Malformed("a kind that must be proven, or must not")
        return opened
