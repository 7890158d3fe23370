"""Files that the bot gives to one person: sealed in Redis for half an hour, fetched by a link that cannot be guessed.

Who has the link may fetch the file, as with a link sent to one's own mailbox: so it goes into that person's own chat only.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from bot.channels.base import StoredFile
from bot.errors import Refused
from bot.services.context import Services, running_port

KEPT_FOR = timedelta(minutes=30)
MOST_BYTES = 5 * 1024 * 1024
_SEAL = "files.data"
_TOKEN_BYTES = 24
_TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{32}")
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+|\.{2,}')
_LONGEST_NAME = 80


async def keep_file(services: Services, person_id: int, name: str, mime: str, data: bytes) -> str:
    """Keeps a file for half an hour and returns its path `/files/<token>/<name>`; `link_to` makes an address of it.

    Who may have what the file holds is checked, and written to the audit, by the caller.

    Raises:
        Refused: the file is larger than 5 MB.
    """
    if len(data) > MOST_BYTES:
        raise Refused(f"文件超过{MOST_BYTES // 1024 // 1024} MB，请把范围缩小一些再导出（例如只要一个网格）。")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    name = _NOT_IN_NAMES.sub("_", name)[-_LONGEST_NAME:].lstrip(".") or "文件"
    head = services.vault.seal_json({"person_id": person_id, "name": name, "mime": mime}, "files.head")
    key, seconds = _key(services, token), int(KEPT_FOR.total_seconds())
    async with services.redis.pipeline(transaction=True) as pipe:
        pipe.hset(key, mapping={"head": head, "data": services.vault.seal(data, _SEAL)})
        pipe.expire(key, seconds)
        pipe.sadd(_keys_of(person_id), key)
        pipe.expire(_keys_of(person_id), seconds)
        await pipe.execute()
    return f"/files/{token}/{quote(name)}"


async def open_file(services: Services, token: str) -> StoredFile | None:
    """The file behind a token; None when there is none, or none any more."""
    if not _TOKEN_FORM.fullmatch(token):
        return None
    kept: dict[bytes, bytes] = await services.redis.hgetall(_key(services, token))
    if not kept:
        return None
    head = services.vault.open_json(kept[b"head"], "files.head")
    return StoredFile(head["name"], head["mime"], services.vault.open_bytes(kept[b"data"], _SEAL))


async def drop_files(services: Services, person_id: int) -> None:
    """Deletes the files kept for a person, before their time."""
    keys = await services.redis.smembers(_keys_of(person_id))
    await services.redis.delete(_keys_of(person_id), *keys)


@dataclass(frozen=True)
class Shown:
    """How a reply carries a file: a line of its text, and what its `custom` holds."""

    line: str
    custom: dict[str, Any]


def shown_file(services: Services, channel: str, path: str, name: str) -> Shown:
    """A file in a reply to a chat of this channel."""
    return Shown(_line(services, channel, f"文件：{name}", path), {"file": {"name": name, "url": path}})


def shown_image(services: Services, channel: str, path: str, alt: str) -> Shown:
    """A picture in a reply to a chat of this channel; `alt` says in words what it shows."""
    return Shown(_line(services, channel, "图片", path), {"image": {"url": path, "alt": alt}})


def _line(services: Services, channel: str, what: str, path: str) -> str:
    minutes = int(KEPT_FOR.total_seconds()) // 60
    if channel == "web":  # the page itself shows the link or the picture
        return f"{what}（{minutes}分钟内有效）"
    return f"{what}（{minutes}分钟内有效，请勿转发）：{link_to(services, path)}"


def link_to(services: Services, path: str) -> str:
    """The whole address of a path of this service, for channels other than its own page."""
    settings = services.settings
    if settings.public_url:
        return settings.public_url.rstrip("/") + path
    host = settings.host if settings.host not in ("0.0.0.0", "::", "") else "127.0.0.1"
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.port or running_port(settings) or 80}{path}"


def _key(services: Services, token: str) -> str:
    # who reads Redis or its file finds no token that works
    return f"file:{services.vault.fingerprint(token, 'file')}"


def _keys_of(person_id: int) -> str:
    return f"files-of:{person_id}"
