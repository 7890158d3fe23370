"""The door of a callback address: who has not signed with our token, now and for us, does not come in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from aiohttp import web

from bot.channels.tencent.envelope import BadEnvelope, Envelope, same, signature
from bot.channels.tencent.xml_body import BadXml, Fields, read, read_json, text, write

MOST_BYTES = 64 * 1024
_WINDOW_SECONDS = 300


class Turned(Exception):
    """Not let in: the HTTP status and a word for the log."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Door:
    """`keys`: the EncodingAESKeys, the present one first, then the one before (a change of keys takes minutes at the platform);
    none where messages come in the clear. `receiver`: the appid or corpid that stands in each envelope.
    """

    def __init__(self, token: str, keys: Sequence[str], receiver: str, clock: Callable[[], datetime]) -> None:
        self._token = token
        self._envelopes = [Envelope(key, receiver) for key in keys]
        self._clock = clock

    @property
    def sealed(self) -> bool:
        """Whether messages come and go in envelopes."""
        return bool(self._envelopes)

    def check(self, request: web.Request, name: str, *signed: str) -> tuple[str, str]:
        """Checks the signature in the query parameter `name` over time, nonce and `signed`; returns time and nonce.

        Raises:
            Turned: it is missing, doubled, wrong, or older than five minutes.
        """
        given = {key: request.query.getall(key, []) for key in (name, "timestamp", "nonce")}
        if any(len(values) != 1 or not values[0] for values in given.values()):
            raise Turned(403, "parameters")
        [sign], [timestamp], [nonce] = given[name], given["timestamp"], given["nonce"]
        if not same(sign, signature(self._token, timestamp, nonce, *signed)):
            raise Turned(403, "signature")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise Turned(403, "timestamp")
        if abs(self._clock().timestamp() - int(timestamp)) > _WINDOW_SECONDS:
            raise Turned(403, "too old or ahead of time")
        return timestamp, nonce

    def open_text(self, sealed: str) -> tuple[bytes, int]:
        """What stands in an envelope, and the number of the key that fits.

        Raises:
            Turned: none does.
        """
        for number, envelope in enumerate(self._envelopes):
            try:
                return envelope.open(sealed), number
            except BadEnvelope:
                continue
        raise Turned(403, "envelope")

    def parse(self, body: bytes) -> Fields:
        """The fields of a document, XML or JSON, whichever the console is set to.

        Raises:
            Turned: it is none.
        """
        try:
            return read_json(body) if is_json(body) else read(body)
        except BadXml as error:
            raise Turned(400, f"document: {error}") from error

    def seal(self, fields: Fields, nonce: str, key: int = 0, as_json: bool = False) -> str:
        """A reply as the platform takes it: in an envelope where messages come in envelopes, made with the key that fitted."""
        written: Callable[[Fields], str] = _written_json if as_json else write
        document = written(fields)
        if not self._envelopes:
            return document
        sealed = self._envelopes[key].seal(document.encode())
        now = str(int(self._clock().timestamp()))
        return written(
            {
                "Encrypt": sealed,
                "MsgSignature": signature(self._token, now, nonce, sealed),
                "TimeStamp": int(now),
                "Nonce": nonce,
            }
        )


def is_json(body: bytes) -> bool:
    """Whether a document is meant as JSON."""
    return body.lstrip()[:1] == b"{"


def _written_json(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False)


async def read_body(request: web.Request) -> bytes:
    """The body of a callback, at most 64 KiB.

    Raises:
        Turned: it is larger; no more of it is read.
    """
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Turned(413, "too large")
    return bytes(body)


def sealed_text(fields: Fields) -> str:
    """The envelope in a document.

    Raises:
        Turned: there is none: a message in the clear is nobody's word where messages come in envelopes.
    """
    sealed = text(fields, "Encrypt")
    if not sealed:
        raise Turned(403, "not encrypted")
    return sealed
