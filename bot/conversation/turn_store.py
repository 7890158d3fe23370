"""What a turn needs of Redis, in two round trips: one opens the turn, one closes it.

Opening: was this message answered already, is this person within their rate, is another of their messages at work, what
is the conversation's state, has the knowledge changed, is a ticket open. Closing: keep state, reply (for a redelivery) and chat history, release the lock.
All texts are sealed; the keys hold account ids only.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from redis.asyncio import Redis

from bot.assistant.tracker_store import STATE_SECONDS, state_key
from bot.services.history import history_key, kept_turns
from bot.services.knowledge import EDITION_KEY
from bot.services.tickets import ticket_key
from bot.storage.crypto import Vault

LEASE_SECONDS = 3.0  # below the platforms' five: a dead worker's lock is gone when they deliver again
_BEAT_SECONDS = 1.0
_SEEN_SECONDS = 24 * 3600
HISTORY_LINES, HISTORY_SECONDS = 60, 14 * 24 * 3600

_OPEN = """
local seen = KEYS[1] ~= '' and redis.call('GET', KEYS[1])
if seen then return {'seen', seen, '', ''} end
if redis.call('EXISTS', KEYS[3]) == 1 then return {'busy', '', '', ''} end
local used = redis.call('INCR', KEYS[2])
if used == 1 then redis.call('EXPIRE', KEYS[2], 120) end
if used > tonumber(ARGV[3]) then return {'limited', used, '', ''} end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
return {'open', redis.call('GET', KEYS[4]) or '', redis.call('GET', KEYS[5]) or '0', redis.call('GET', KEYS[6]) or ''}
"""
_CLOSE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
if KEYS[3] ~= '' then redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[5]) end
redis.call('RPUSH', KEYS[4], ARGV[6])
redis.call('LTRIM', KEYS[4], -tonumber(ARGV[7]), -1)
redis.call('EXPIRE', KEYS[4], ARGV[8])
redis.call('DEL', KEYS[1])
return 1
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_EXTEND = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"


@dataclass(frozen=True)
class Opened:
    """How a turn began.

    `stored`: the conversation's state (`open`) or the reply given before (`seen`), None if none. `edition`: of the
    knowledge, to be compared with the library's. `ticket`: the number of the ticket by which this chat is with staff.
    """

    kind: Literal["open", "seen", "busy", "limited"]
    stored: Any = None
    token: str = ""
    edition: int = 0
    ticket: int | None = None


class TurnStore:
    """The Redis side of turns; one object a process."""

    def __init__(self, redis: Redis, vault: Vault, rate_limit: int) -> None:
        self._redis = redis
        self._vault = vault
        self._rate_limit = rate_limit
        self._open = redis.register_script(_OPEN)
        self._close = redis.register_script(_CLOSE)
        self._release = redis.register_script(_RELEASE)
        self._extend = redis.register_script(_EXTEND)

    async def open(self, account: str, message_id: str | None, now: datetime) -> Opened:
        """Opens a turn of this account, or says why not. `limited` counts against the minute like any other message once."""
        token = secrets.token_hex(8)
        kind, stored, edition, ticket = await self._open(
            keys=[
                _seen(account, message_id),
                f"rate:{account}:{now:%H%M}",
                _lock(account),
                state_key(account),
                EDITION_KEY,
                ticket_key(account),
            ],
            args=[token, int(LEASE_SECONDS * 1000), self._rate_limit],
        )
        kind = kind.decode()
        if kind == "limited":
            return Opened("limited", stored == self._rate_limit + 1)
        purpose = "dialogue" if kind == "open" else "reply"
        return Opened(
            kind,
            self._vault.open_json(stored, purpose) if stored else None,
            token,
            int(edition or 0),
            int(ticket) if ticket else None,
        )

    async def close(
        self,
        account: str,
        message_id: str | None,
        token: str,
        state: dict[str, Any],
        reply: list[dict[str, Any]],
        line: dict[str, Any],
    ) -> bool:
        """Keeps what the turn made and releases its lock; False when the lock was lost, and nothing was kept."""
        kept = await self._close(
            keys=[_lock(account), state_key(account), _seen(account, message_id), history_key(account)],
            args=[
                token,
                self._vault.seal_json(state, "dialogue"),
                STATE_SECONDS,
                self._vault.seal_json(reply, "reply"),
                _SEEN_SECONDS,
                self._vault.seal_json(line, "history"),
                HISTORY_LINES,
                HISTORY_SECONDS,
            ],
        )
        return bool(kept)

    async def release(self, account: str, token: str) -> None:
        """Gives up a turn: nothing is kept, the same message may come again."""
        await self._release(keys=[_lock(account)], args=[token])

    @asynccontextmanager
    async def held(self, account: str, token: str) -> AsyncIterator[None]:
        """Keeps the lock alive while the turn is at work, however long that takes."""
        beat = asyncio.create_task(self._beat(account, token))
        try:
            yield
        finally:
            beat.cancel()

    async def _beat(self, account: str, token: str) -> None:
        extended = True  # until the lock is gone: a cancel that Redis' client swallows must not leave a beat for ever
        while extended:
            await asyncio.sleep(_BEAT_SECONDS)
            extended = await self._extend(keys=[_lock(account)], args=[token, int(LEASE_SECONDS * 1000)])

    async def history(self, account: str) -> list[dict[str, Any]]:
        """The kept turns of a chat, oldest first, each as `close` took its line."""
        return await kept_turns(self._redis, self._vault, account)


def _lock(account: str) -> str:
    return f"turn:{account}"


def _seen(account: str, message_id: str | None) -> str:
    return f"seen:{account}:{message_id}" if message_id else ""
