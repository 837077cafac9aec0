"""The algorithms of section 1, by the names that the page gives them."""

import os

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE, TAG = 12, 16


def random(count: int) -> bytes:
    return os.urandom(count)


def _hashed(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    state = hashes.Hash(algorithm)
    state.update(data)
    return state.finalize()


def sha256(data: bytes) -> bytes:
    return _hashed(hashes.SHA256(), data)


def sha3_256(data: bytes) -> bytes:
    return _hashed(hashes.SHA3_256(), data)


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256."""
    state = hmac.HMAC(key, hashes.SHA256())
    state.update(data)
    return state.finalize()


def extract(salt: bytes, material: bytes) -> bytes:
    """HKDF-Extract; an empty salt is 32 zero bytes (RFC 5869, 2.2)."""
    return mac(salt or bytes(32), material)


def expand(key: bytes, info: bytes, count: int) -> bytes:
    """HKDF-Expand (RFC 5869, 2.3)."""
    output, block = b"", b""
    for number in range(1, -(-count // 32) + 1):
        block = mac(key, block + info + bytes([number]))
        output += block
    return output[:count]


def seal(key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
    """The plaintext, or cryptography.exceptions.InvalidTag."""
    return AESGCM(key).decrypt(nonce, ciphertext, aad)


def seal_with_nonce(key: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """`SealN`."""
    nonce = random(NONCE)
    return nonce + seal(key, nonce, aad, plaintext)


def open_with_nonce(key: bytes, aad: bytes, sealed: bytes) -> bytes:
    return open_sealed(key, sealed[:NONCE], aad, sealed[NONCE:])


def pair(material: bytes) -> tuple[bytes, bytes]:
    return material[:32], material[32:44]


def argon2id(secret: bytes, salt: bytes, time: int, memory: int, lanes: int, count: int) -> bytes:
    return hash_secret_raw(secret, salt, time, memory, lanes, count, Type.ID, version=0x13)


def sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def signing_public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except InvalidSignature:
        return False


def agreement_public(private: bytes) -> bytes:
    """The X25519 public key of a private one."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
