"""Signatures and the encrypted envelope of both platforms (EncodingAESKey, AES-256-CBC), checked to the last byte."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32  # the platforms pad to 32 bytes, twice the cipher's block
_RANDOM, _LENGTH = 16, 4
_KEY_FORM = re.compile(r"[A-Za-z0-9]{43}")


class BadEnvelope(Exception):
    """What was sent cannot be opened with this key, or is not for us."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts (token, timestamp, nonce, and the sealed text where there is one), in hex."""
    return hashlib.sha1("".join(sorted(parts)).encode(errors="replace"), usedforsecurity=False).hexdigest()


def same(given: str, right: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())


def is_aes_key(text: str) -> bool:
    """Whether it has the form of an EncodingAESKey: 43 letters and digits."""
    return _KEY_FORM.fullmatch(text) is not None


class Envelope:
    """Opens and seals for one receiver: the appid of a 公众号, the corpid of a 企业微信."""

    def __init__(self, aes_key: str, receiver: str) -> None:
        self._key = base64.b64decode(aes_key + "=")
        self._receiver = receiver.encode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))

    def open(self, sealed: str) -> bytes:
        """The message inside.

        Raises:
            BadEnvelope: not base64, another key, wrong padding or length, or another receiver.
        """
        try:
            data = base64.b64decode(sealed.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise BadEnvelope("not base64") from error
        if not data or len(data) % 16:
            raise BadEnvelope("no whole blocks")
        opener = self._cipher().decryptor()
        block = opener.update(data) + opener.finalize()
        pad = block[-1]
        if not 1 <= pad <= _BLOCK or len(block) < pad or block[-pad:] != bytes([pad]) * pad:
            raise BadEnvelope("padding")
        block = block[:-pad]
        head = _RANDOM + _LENGTH
        size = int.from_bytes(block[_RANDOM:head], "big")
        if len(block) < head or size == 0 or head + size > len(block):
            raise BadEnvelope("length")
        if not hmac.compare_digest(block[head + size :], self._receiver):
            raise BadEnvelope("another receiver")
        return block[head : head + size]

    def seal(self, content: bytes) -> str:
        """The message in an envelope for the platform."""
        block = secrets.token_bytes(_RANDOM) + len(content).to_bytes(_LENGTH, "big") + content + self._receiver
        pad = _BLOCK - len(block) % _BLOCK
        sealer = self._cipher().encryptor()
        return base64.b64encode(sealer.update(block + bytes([pad]) * pad) + sealer.finalize()).decode()
