"""Bare HTTP calls of a platform's API, for the tests of the simulator itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp

IMAGE = b"\xff\xd8\xff" + b"picture" * 10


class BareCalls:
    """`token` gives the access token that is put on a call, unless it gives none."""

    def __init__(self, base_url: str, token: Callable[[], str] = str) -> None:
        self._base = base_url
        self.token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> BareCalls:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def raw(self, method: str, path: str, data: Any = None, **query: Any) -> tuple[int, bytes, str]:
        """Status, body and content type."""
        assert self._session is not None, "use it as a context manager"
        if token := self.token():
            query.setdefault("access_token", token)
        params = {name: str(value) for name, value in query.items()}
        async with self._session.request(
            method, self._base + path, params=params, data=data, allow_redirects=False
        ) as answer:
            return answer.status, await answer.read(), answer.headers.get("Content-Type", "")

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON answer of a GET."""
        _, body, _ = await self.raw("GET", path, **query)
        return json.loads(body)

    async def post(self, path: str, body: Any, **query: Any) -> Any:
        """The JSON answer of a POST."""
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        _, answer, _ = await self.raw("POST", path, data, **query)
        return json.loads(answer)

    async def code(self, path: str, body: Any, **query: Any) -> int:
        """The error code of a POST, 0 where it went well."""
        return int((await self.post(path, body, **query)).get("errcode", 0))

    async def upload(self, kind: str, data: bytes, name: str = "picture.jpg", field: str = "media") -> Any:
        """The answer of media/upload."""
        form = aiohttp.FormData()
        form.add_field(field, data, filename=name)
        _, answer, _ = await self.raw("POST", "/cgi-bin/media/upload", form, type=kind)
        return json.loads(answer)
