"""Calls of a platform's API: JSON over HTTPS, answers with an errcode, tokens that die early."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=3)
_TOKEN_IS_DEAD = (40001, 40014, 42001)
_MOST_BYTES = 8 << 20


class ApiError(Exception):
    """The platform has refused: `code` as in its table of return codes. The words are the platform's, for the log."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words[:200]}")
        self.code = code


class NoAnswer(Exception):
    """The platform has not answered, or not with anything that it could have meant. `maybe_done`: the call may have been
    carried out; False when it cannot have reached the platform.
    """

    def __init__(self, why: str, maybe_done: bool) -> None:
        super().__init__(why)
        self.maybe_done = maybe_done


class Tokens(Protocol):
    """Where the access token comes from (tokens.py)."""

    async def token(self) -> str:
        """The present one. Raises ApiError or NoAnswer."""

    async def renew(self, dead: str) -> str:
        """Another one than `dead`. Raises ApiError or NoAnswer."""


class Api:
    """One account's calls; `base` is the platform's address."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Ends the connections."""
        if self._session is not None:
            await self._session.close()

    async def bare(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """One call as it stands.

        Raises:
            ApiError: the platform says an errcode.
            NoAnswer: it says nothing that can be read.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True)
        # raw UTF-8: \u escapes would be counted and shown as they stand by some of the platform's machines
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"} if data is not None else None
        try:
            async with self._session.request(
                method, self._base + path, params=query, data=data, headers=headers, allow_redirects=False
            ) as response:
                raw = await response.content.read(_MOST_BYTES)
                status = response.status
        except aiohttp.ClientConnectorError as error:
            raise NoAnswer(type(error).__name__, maybe_done=False) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NoAnswer(type(error).__name__, maybe_done=True) from None
        return _read(status, raw)

    async def call(
        self,
        tokens: Tokens,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One call with a token; a token that has died early is renewed once. Raises as `bare` does."""
        path, _, given = path.partition("?")
        query = {**dict(parse_qsl(given)), **(query or {})}
        token = await tokens.token()
        try:
            return await self.bare(method, path, {**query, "access_token": token}, body)
        except ApiError as error:
            if error.code not in _TOKEN_IS_DEAD:
                raise
        token = await tokens.renew(token)
        return await self.bare(method, path, {**query, "access_token": token}, body)


Fetch = Callable[[], Awaitable[dict[str, Any]]]


def _read(status: int, raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw)
    except ValueError:
        answer = None
    if status != 200 or not isinstance(answer, dict):
        raise NoAnswer(f"HTTP {status}, no JSON" if status == 200 else f"HTTP {status}", maybe_done=True)
    code = str(answer.get("errcode") or 0)
    if not code.lstrip("-").isdigit():
        raise NoAnswer("errcode is no number", maybe_done=True)
    if int(code):
        raise ApiError(int(code), str(answer.get("errmsg", "")))
    return answer
