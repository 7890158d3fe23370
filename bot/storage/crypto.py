"""Private text as it is stored: sealed, so that the files tell nothing, and fingerprinted, so that it can be looked up.

All keys come from BOT_SECRET_KEY. Who has the database without it has neither the texts nor a
way to try phone numbers.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.errors import SealBroken

_FORM = b"\x01"  # the first byte of all that is sealed: AES-256-GCM, then a nonce of 12 bytes
_NONCE = 12
_TAG = 16


class Vault:
    """Seals and opens with one secret key. Cheap to call, safe to share between tasks and threads."""

    def __init__(self, secret_key: str) -> None:
        self._sealing = AESGCM(_derive(secret_key, b"bot seal 1"))
        self._printing = _derive(secret_key, b"bot fingerprint 1")
        self._chaining = _derive(secret_key, b"bot audit chain 1")

    def seal(self, value: str | bytes, purpose: str) -> bytes:
        """Encrypts `value`, bound to `purpose` (say `people.name`): it opens for the same purpose only."""
        plain = value.encode() if isinstance(value, str) else value
        nonce = os.urandom(_NONCE)
        return _FORM + nonce + self._sealing.encrypt(nonce, plain, _FORM + purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """The text that was sealed.

        Raises:
            SealBroken: another key, another purpose, or the bytes are damaged.
        """
        return self.open_bytes(sealed, purpose).decode()

    def open_bytes(self, sealed: bytes, purpose: str) -> bytes:
        """The bytes that were sealed; raises as `open` does."""
        if len(sealed) < len(_FORM) + _NONCE + _TAG or sealed[:1] != _FORM:
            raise SealBroken(f"加密数据（{purpose}）格式不对或已损坏。")
        try:
            return self._sealing.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], _FORM + purpose.encode())
        except InvalidTag as error:
            raise SealBroken(f"加密数据（{purpose}）无法解开：BOT_SECRET_KEY 与加密时不同，或数据已损坏。") from error

    def seal_json(self, value: Any, purpose: str) -> bytes:
        """Encrypts what JSON can hold (dates become ISO 8601 text)."""
        return self.seal(orjson.dumps(value), purpose)

    def open_json(self, sealed: bytes, purpose: str) -> Any:
        """The inverse of `seal_json`; raises as `open` does."""
        return orjson.loads(self.open_bytes(sealed, purpose))

    def fingerprint(self, text: str, purpose: str) -> str:
        """The same 64 hex digits for the same text and purpose. The caller normalises the text first (spaces, +86)."""
        return hmac.digest(self._printing, purpose.encode() + b"\0" + text.encode(), "sha256").hex()

    def chained(self, previous: str, content: bytes) -> str:
        """64 hex digits that name `content` and all that was chained before it; nobody without the key can make them."""
        return hmac.digest(self._chaining, previous.encode() + b"\0" + content, "sha256").hex()


def demo_secret_key(data_dir: Path) -> str:
    """The key kept in `<data_dir>/secret_key`, made at the first call. For demo mode only: it lies beside the data."""
    kept = data_dir / "secret_key"
    if not kept.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _keep_new_key(kept)
    return kept.read_text(encoding="ascii").strip()


def _keep_new_key(kept: Path) -> None:
    making = kept.with_name(f"secret_key.{os.getpid()}")
    making.unlink(missing_ok=True)
    fd = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(fd, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(fd)
    with contextlib.suppress(FileExistsError):
        os.link(making, kept)  # whole or not at all, and never over a key that another process made meanwhile
    making.unlink()
    folder = os.open(kept.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the key must not be lost where data sealed with it was kept
    finally:
        os.close(folder)


def _derive(secret_key: str, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(secret_key.encode())
