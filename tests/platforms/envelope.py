"""The encryption envelope and the signatures of both platforms (protocol section 1.3), written on the bare AES primitive."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_PAD_TO = 32
_RANDOM_BYTES = 16


class EnvelopeError(Exception):
    """What is wrong with an envelope or its signature."""


def signature(*parts: str) -> str:
    """The lower-case hex SHA-1 over the sorted parts."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


class Envelope:
    """Seals and opens with one EncodingAESKey for one receiver (the appid, or the corpid)."""

    def __init__(self, aes_key: str, receiver: str) -> None:
        self._key = base64.b64decode(aes_key + "=")
        if len(aes_key) != 43 or len(self._key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters")
        self._receiver = receiver.encode()

    def seal(
        self,
        text: str,
        *,
        random: bytes | None = None,
        receiver: str | None = None,
        length: int | None = None,
        padding: bytes | None = None,
    ) -> str:
        """The `Encrypt` of a text. What is given by name replaces the right part, for envelopes made wrong on purpose."""
        content = text.encode()
        block = (
            (secrets.token_bytes(_RANDOM_BYTES) if random is None else random)
            + struct.pack(">I", len(content) if length is None else length)
            + content
            + (self._receiver if receiver is None else receiver.encode())
        )
        missing = _PAD_TO - len(block) % _PAD_TO
        return self.seal_block(block + (bytes([missing]) * missing if padding is None else padding))

    def seal_block(self, block: bytes) -> str:
        """The `Encrypt` of a block that stands as it is."""
        cipher = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).encryptor()
        return base64.b64encode(cipher.update(block) + cipher.finalize()).decode()

    def open(self, sealed: str) -> str:
        """The text inside; raises EnvelopeError for whatever deviates from the form."""
        try:
            secret = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise EnvelopeError("Encrypt is not base64") from error
        if not secret or len(secret) % _PAD_TO:
            raise EnvelopeError(f"Encrypt holds {len(secret)} bytes, no multiple of {_PAD_TO}")
        cipher = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).decryptor()
        block = cipher.update(secret) + cipher.finalize()
        pad = block[-1]
        if not 1 <= pad <= _PAD_TO or block[-pad:] != bytes([pad]) * pad:
            raise EnvelopeError("padding is not PKCS#7 to 32")
        block = block[:-pad]
        if len(block) < _RANDOM_BYTES + 4:
            raise EnvelopeError("the envelope is too short")
        (length,) = struct.unpack(">I", block[_RANDOM_BYTES : _RANDOM_BYTES + 4])
        content, receiver = block[_RANDOM_BYTES + 4 :][:length], block[_RANDOM_BYTES + 4 + length :]
        if len(content) != length:
            raise EnvelopeError("the length field reaches beyond the end")
        if receiver != self._receiver:
            raise EnvelopeError("the receiver id inside is another one")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise EnvelopeError("the content is not UTF-8") from error
