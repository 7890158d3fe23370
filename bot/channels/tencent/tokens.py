"""The access token of an account: fetched by one process for all, kept until shortly before its end, never in a log."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from bot.channels.tencent.api import ApiError, Fetch, NoAnswer

_SPARE_SECONDS = 240  # a stable token is the same until its last five minutes
_SHORTEST_SECONDS = 30
_LOCK_SECONDS = 15
_PATIENCE_SECONDS = 12.0
_LOOK_SECONDS = 0.05
_REST_SECONDS = 60  # after a refusal: no storm of calls with a wrong secret or a caller that is not allowed


class TokenStore(Protocol):
    """What all processes know of one account's token; each value is forgotten after its seconds."""

    async def kept(self, name: str) -> str | None:
        """The value, if it stands."""

    async def keep(self, name: str, value: str, seconds: int) -> None:
        """Keeps a value."""

    async def first(self, name: str, value: str, seconds: int) -> bool:
        """Keeps a value where there is none; whether it was the first."""

    async def forget(self, name: str, value: str) -> None:
        """Drops the value if it is this one still."""


class TokenOwner:
    """`fetch` asks the platform and returns its answer with `access_token` and `expires_in`."""

    def __init__(self, store: TokenStore, fetch: Fetch, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._fetch = fetch
        self._clock = clock

    async def token(self) -> str:
        """The token; fetched where there is none, by one process while the others wait.

        Raises:
            ApiError, NoAnswer: the platform gives none; for a minute nobody asks again.
        """
        return await self._other_than("")

    async def renew(self, dead: str) -> str:
        """Another token than one that the platform no longer takes; if somebody has renewed it already, that one. Raises as `token`."""
        await self._store.forget("token", dead)
        return await self._other_than(dead)

    async def _other_than(self, dead: str) -> str:
        waited = 0.0
        mine = secrets.token_hex(8)
        while waited < _PATIENCE_SECONDS:
            kept = await self._store.kept("token")
            if kept and kept != dead:
                return kept
            if refused := await self._store.kept("refused"):
                code, _, words = refused.partition(" ")
                raise ApiError(int(code), words)
            if await self._store.first("lock", mine, _LOCK_SECONDS):
                try:
                    return await self._fetched()
                finally:
                    await self._store.forget("lock", mine)
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        raise NoAnswer("another process does not get a token", maybe_done=False)

    async def _fetched(self) -> str:
        kept = await self._store.kept("token")  # somebody may have fetched it before we had the lock
        if kept:
            return kept
        try:
            answer = await self._fetch()
        except ApiError as error:
            await self._store.keep("refused", str(error), _REST_SECONDS)
            raise
        except NoAnswer as error:
            raise NoAnswer(str(error), maybe_done=False) from None  # asking for a token does nothing to anybody
        token, life = str(answer.get("access_token") or ""), str(answer.get("expires_in") or "0")
        if not token or not life.isdigit():
            raise NoAnswer("no token in the answer", maybe_done=False)
        await self._store.keep("token", token, max(int(life) - _SPARE_SECONDS, _SHORTEST_SECONDS))
        return token
