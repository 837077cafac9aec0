"""Section 3: what is derived from a passphrase, and what is signed."""

import base64
from dataclasses import dataclass

from .encoding import Malformed, Reader, context, lp, padded, u32, u64
from .primitives import (
    agreement_public,
    argon2id,
    expand,
    open_with_nonce,
    random,
    seal_with_nonce,
    sha256,
    sign,
    verifies,
)

HOUR = 3_600_000
LOGIN_SIGNATURE, SIGNED_LOGIN_KEY = 80, 116


@dataclass(frozen=True)
class Cost:
    """Argon2id's parameters: passes, memory in KiB, lanes."""

    time: int
    memory: int
    lanes: int

    def encoded(self) -> bytes:
        return u32(self.time) + u32(self.memory) + u32(self.lanes)

    def acceptable(self) -> bool:
        """3.2: what a client takes from the KDC."""
        return 3 <= self.time <= 16 and 65536 <= self.memory <= 1048576 and 1 <= self.lanes <= 16


def digest(passphrase: bytes, salt: bytes, cost: Cost) -> bytes:
    """3.2: the salted passphrase digest."""
    return argon2id(passphrase, salt, cost.time, cost.memory, cost.lanes, 64)[:32]


def device_key(passphrase: bytes, salt: bytes, cost: Cost) -> bytes:
    """3.2: the half that never leaves the client."""
    return argon2id(passphrase, salt, cost.time, cost.memory, cost.lanes, 64)[32:]


def open_identity_file(content: bytes, passphrase: bytes, realm: bytes, name: str) -> bytes:
    """3.6: the seed of an identity key."""
    magic = b"trent identity v1\n"
    reader = Reader(content)
    if reader.bytes(len(magic)) != magic:
        raise Malformed("this is no identity file")
    cost, salt, sealed = (
        Cost(reader.u32(), reader.u32(), reader.u32()),
        reader.bytes(16),
        reader.bytes(60),
    )
    reader.end()
    label = context("trent device identity v1", realm, name.encode())
    key = expand(device_key(passphrase, salt, cost), label, 32)
    return open_with_nonce(key, label + cost.encoded() + salt, sealed)


def make_identity_file(seed: bytes, passphrase: bytes, realm: bytes, name: str) -> bytes:
    """3.6: an identity that is exported, under a passphrase of its own and a random salt."""
    cost, salt = Cost(3, 65536, 4), random(16)
    label = context("trent device identity v1", realm, name.encode())
    key = expand(device_key(passphrase, salt, cost), label, 32)
    head = cost.encoded() + salt
    return b"trent identity v1\n" + head + seal_with_nonce(key, label + head, seed)


def fingerprint(realm: bytes, name: str, identity_key: bytes) -> str:
    """3.8: what two people read to each other."""
    digest = sha256(context("trent fingerprint v1", realm, name.encode(), identity_key))[:15]
    letters = base64.b32encode(digest).decode("ascii").lower()
    return "-".join(letters[start : start + 4] for start in range(0, 24, 4))


@dataclass(frozen=True)
class SharedKey:
    """3.2: the two sub-keys."""

    proof_key: bytes
    reply_key: bytes

    @classmethod
    def derived(cls, digest: bytes, realm: bytes, name: str, kvno: int) -> "SharedKey":
        salt = sha256(context("trent shared key v1", realm, name.encode(), u32(kvno)))
        shared = argon2id(digest, salt, 1, 8, 1, 32)
        return cls(
            expand(shared, lp(b"trent proof key v1"), 32),
            expand(shared, lp(b"trent proven reply key v1"), 32),
        )


def certificate_text(realm: bytes, name: str, identity_key: bytes) -> bytes:
    """3.4: what the KDC signs."""
    return context("trent user v1", realm, name.encode(), identity_key)


def identity_proof(seed: bytes, realm: bytes, name: str, identity_key: bytes) -> bytes:
    """4.3, R1."""
    return sign(seed, context("trent identity proof v1", realm, name.encode(), identity_key))


@dataclass(frozen=True)
class SecretChange:
    """4.3, C1: the fields of a change of secret, but for its signature."""

    name: str
    kvno: int
    time: int
    cost: Cost
    salt: bytes
    digest: bytes

    def signed_by(self, seed: bytes, realm: bytes) -> bytes:
        fields = (
            self.name.encode(),
            u32(self.kvno),
            u64(self.time),
            self.cost.encoded() + self.salt,
            sha256(self.digest),
        )
        return sign(seed, context("trent secret change v1", realm, *fields))

    def encoded(self, proof: bytes) -> bytes:
        fields = padded(self.name) + u32(self.kvno) + u64(self.time) + self.cost.encoded()
        return fields + self.salt + self.digest + proof


@dataclass(frozen=True)
class SignedLoginKey:
    """3.5."""

    public: bytes
    issued: int
    expires: int
    kvno: int
    signature: bytes

    @staticmethod
    def text(realm: bytes, name: str, public: bytes, issued: int, expires: int, kvno: int) -> bytes:
        fields = (name.encode(), public, u64(issued), u64(expires), u32(kvno))
        return context("trent login key v1", realm, *fields)

    @classmethod
    def read(cls, reader: Reader) -> "SignedLoginKey":
        return cls(reader.bytes(32), reader.u64(), reader.u64(), reader.u32(), reader.bytes(64))

    def encoded(self) -> bytes:
        return self.public + u64(self.issued) + u64(self.expires) + u32(self.kvno) + self.signature

    def login_signature(self) -> bytes:
        """4.4, T1: the part that a granting request carries."""
        return u64(self.issued) + u64(self.expires) + self.signature

    def signed_by(
        self, seed: bytes, realm: bytes, name: str, issued: int, expires: int
    ) -> "SignedLoginKey":
        """The same key, signed anew."""
        text = self.text(realm, name, self.public, issued, expires, self.kvno)
        return SignedLoginKey(self.public, issued, expires, self.kvno, sign(seed, text))

    def verifies(self, realm: bytes, name: str, identity_key: bytes) -> bool:
        text = self.text(realm, name, self.public, self.issued, self.expires, self.kvno)
        return verifies(identity_key, self.signature, text)


@dataclass(frozen=True)
class LoginKey:
    """A fresh X25519 pair and its signed public half."""

    private: bytes
    signed: SignedLoginKey

    @classmethod
    def make(
        cls, seed: bytes, realm: bytes, name: str, kvno: int, now: int, life: int
    ) -> "LoginKey":
        """`now` is KDC time and `life` the key's, both in milliseconds."""
        private = random(32)
        public, expires = agreement_public(private), now + life
        signature = sign(seed, SignedLoginKey.text(realm, name, public, now, expires, kvno))
        return cls(private, SignedLoginKey(public, now, expires, kvno, signature))
