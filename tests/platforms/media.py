"""Temporary media of both platforms: types, sizes and three days of life (protocol sections 2.8 and 3.4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError

LIFE = 3 * 24 * 3600.0
_MB = 1 << 20
_FORMS = {
    "jpg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "amr": (b"#!AMR",),
    "mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3"),
}
_MIMES = {"jpg": "image/jpeg", "png": "image/png", "amr": "audio/amr", "mp3": "audio/mpeg", "mp4": "video/mp4"}


@dataclass(frozen=True)
class MediaLimits:
    """What may be uploaded as one type: at most so many bytes, of these forms (empty: any)."""

    most: int
    forms: tuple[str, ...]
    least: int = 1


WECHAT_LIMITS = {
    "image": MediaLimits(10 * _MB, ("jpg", "png")),
    "voice": MediaLimits(2 * _MB, ("amr", "mp3")),
    "video": MediaLimits(10 * _MB, ("mp4",)),
    "thumb": MediaLimits(64 * 1024, ("jpg",)),
}
WECOM_LIMITS = {
    "image": MediaLimits(10 * _MB, ("jpg", "png"), 5),
    "voice": MediaLimits(2 * _MB, ("amr",), 5),
    "video": MediaLimits(10 * _MB, ("mp4",), 5),
    "file": MediaLimits(20 * _MB, (), 5),
}


@dataclass(frozen=True)
class Medium:
    """A stored file; `video_url` for what is fetched by another address."""

    kind: str
    name: str
    data: bytes
    mime: str
    ends_at: float


class MediaStore:
    """The files of one account or corp."""

    def __init__(self, limits: dict[str, MediaLimits], clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._kept: dict[str, Medium] = {}

    def keep(self, kind: str, data: bytes, name: str = "file", mime: str = "") -> str:
        """Stores what a person sent, without asking for its form, so that tests can send anything; returns its id."""
        media_id = secrets.token_urlsafe(48)
        mime = mime or _MIMES.get(_form(data), "application/octet-stream")
        self._kept[media_id] = Medium(kind, name, data, mime, self._clock().timestamp() + LIFE)
        return media_id

    def get(self, media_id: str | None) -> Medium:
        """A file; raises ApiError 41006 or 40007."""
        if not media_id:
            raise ApiError(41006)
        medium = self._kept.get(media_id)
        if medium is None or self._clock().timestamp() >= medium.ends_at:
            raise ApiError(40007)
        return medium

    async def upload(self, request: web.Request) -> dict[str, Any]:
        """The answer of media/upload, with `created_at` as a number."""
        kind = request.query.get("type", "")
        if kind not in self._limits:
            raise ApiError(40004)
        name, data = await _uploaded(request)
        limits = self._limits[kind]
        if len(data) < limits.least:
            raise ApiError(40006)
        if len(data) > limits.most:
            raise ApiError(45001)
        if limits.forms and _form(data) not in limits.forms:
            raise ApiError(40005)
        return {
            "type": kind,
            "media_id": self.keep(kind, data, name),
            "created_at": int(self._clock().timestamp()),
        }

    async def download(self, request: web.Request) -> web.Response | dict[str, Any]:
        """The answer of media/get: the bytes, or for a video the address."""
        medium = self.get(request.query.get("media_id"))
        if medium.kind == "video" and "video" in self._limits and "thumb" in self._limits:
            return {"video_url": f"{request.url.origin()}/simulated/media/{request.query['media_id']}"}
        headers = {"Content-Disposition": f'attachment; filename="{medium.name}"'}
        return web.Response(body=medium.data, content_type=medium.mime, headers=headers)


async def _uploaded(request: web.Request) -> tuple[str, bytes]:
    if not request.content_type.startswith("multipart/"):
        raise ApiError(41005)
    form = await request.post()
    field = form.get("media")
    if not isinstance(field, web.FileField) or not field.filename:
        raise ApiError(41005)
    return field.filename, field.file.read()


def _form(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "mp4"
    return next((form for form, starts in _FORMS.items() if data.startswith(starts)), "")
