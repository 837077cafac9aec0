"""HPKE base mode (RFC 9180) over the X-Wing KEM, sender's side, with the exporter.

The library offers this suite as one call without additional data or exporter, so RFC 9180's key
schedule and X-Wing's combiner (draft-connolly-cfrg-xwing-kem) are written here;
`agrees_with_library` compares the two.
"""

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from .primitives import expand, extract, random, seal, sha3_256

KEM_ID, KDF_ID, AEAD_ID = 0x647A, 0x0001, 0x0002
PUBLIC_KEY, MLKEM_PUBLIC_KEY, ENCAPSULATED = 1216, 1184, 1120
XWING_LABEL = rb"\.//^" + b"\\"
SUITE = b"HPKE" + b"".join(value.to_bytes(2, "big") for value in (KEM_ID, KDF_ID, AEAD_ID))


def _encapsulate(public_key: bytes) -> tuple[bytes, bytes]:
    """X-Wing's shared secret and encapsulated key."""
    mlkem, x25519 = public_key[:MLKEM_PUBLIC_KEY], public_key[MLKEM_PUBLIC_KEY:]
    mlkem_secret, mlkem_ciphertext = MLKEM768PublicKey.from_public_bytes(mlkem).encapsulate()
    ephemeral = X25519PrivateKey.generate()
    x25519_secret = ephemeral.exchange(X25519PublicKey.from_public_bytes(x25519))
    x25519_ciphertext = ephemeral.public_key().public_bytes_raw()
    secret = sha3_256(mlkem_secret + x25519_secret + x25519_ciphertext + x25519 + XWING_LABEL)
    return secret, mlkem_ciphertext + x25519_ciphertext


def _labeled_extract(salt: bytes, label: bytes, material: bytes) -> bytes:
    return extract(salt, b"HPKE-v1" + SUITE + label + material)


def _labeled_expand(key: bytes, label: bytes, info: bytes, count: int) -> bytes:
    return expand(key, count.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info, count)


class Sender:
    """One encapsulation; it seals one plaintext and exports secrets."""

    def __init__(self, public_key: bytes, info: bytes):
        shared, self.encapsulated_key = _encapsulate(public_key)
        schedule = b"\0" + _labeled_extract(b"", b"psk_id_hash", b"")
        schedule += _labeled_extract(b"", b"info_hash", info)
        secret = _labeled_extract(shared, b"secret", b"")
        self._key = _labeled_expand(secret, b"key", schedule, 32)
        self._nonce = _labeled_expand(secret, b"base_nonce", schedule, 12)
        self._exporter = _labeled_expand(secret, b"exp", schedule, 32)

    def seal(self, aad: bytes, plaintext: bytes) -> bytes:
        key, self._key = self._key, b""
        return seal(key, self._nonce, aad, plaintext)

    def export(self, exporter_context: bytes, count: int) -> bytes:
        return _labeled_expand(self._exporter, b"sec", exporter_context, count)


def agrees_with_library() -> bool:
    """Whether the library opens, as HPKE over X-Wing, what this file seals."""
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    private = hpke.MLKEM768X25519PrivateKey(mlkem, x25519)
    public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    message, info = random(100), random(40)
    sender = Sender(public, info)
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = sender.encapsulated_key + sender.seal(b"", message)
    return suite.decrypt(sealed, private, info) == message
