"""What all processes know of a platform's callbacks, people and tokens: in Redis, sealed, one round trip a call."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from bot.channels.base import Away
from bot.channels.tencent.callbacks import Answer, Begun, Memo
from bot.services.away import told_as_away
from bot.services.contacts import CONTACT_SECONDS, contact_key
from bot.services.context import Services

_KEPT_SECONDS = 600
_PATIENCE_SECONDS, _SPARED_SECONDS = 1.5, 3.0  # a Redis that hangs must not make the platform wait
_LEASE_MS = 3000  # below the platforms' five seconds: a dead worker's claim is gone when they deliver again

# keys: nonce, message, claim, memo, contact; arguments: digest, token, lease, heard, now
_BEGIN = f"""
local known = redis.call('GET', KEYS[1])
if known and known ~= ARGV[1] then return {{'replayed', '', '', 0}} end
if not known then redis.call('SET', KEYS[1], ARGV[1], 'EX', {_KEPT_SECONDS}) end
local count = redis.call('HINCRBY', KEYS[2], 'n', 1)
redis.call('EXPIRE', KEYS[2], {_KEPT_SECONDS})
if count == 1 and ARGV[4] ~= '' then
  redis.call('HSET', KEYS[5], 'heard', ARGV[5], 'by', ARGV[4], 'sent', 0, 'following', 1)
  redis.call('EXPIRE', KEYS[5], {CONTACT_SECONDS})
end
local answer = redis.call('HGET', KEYS[2], 'answer')
if answer then return {{'answered', answer, '', count}} end
if redis.call('HGET', KEYS[2], 'late') then return {{'late', '', '', count}} end
if redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3], 'NX') then return {{'new', '', redis.call('GET', KEYS[4]) or '', count}} end
return {{'working', '', '', count}}
"""
# keys: message, claim, memo; arguments: token, answer, memo ('' for none)
_FINISH = f"""
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'answer', ARGV[2])
redis.call('EXPIRE', KEYS[1], {_KEPT_SECONDS})
if ARGV[3] == '' then redis.call('DEL', KEYS[3]) else redis.call('SET', KEYS[3], ARGV[3], 'EX', {_KEPT_SECONDS}) end
return redis.call('HGET', KEYS[1], 'late') and 1 or 0
"""
_LOOK = "return {redis.call('EXISTS', KEYS[2]), redis.call('HGET', KEYS[1], 'answer')}"
_GIVE_UP = """
local answer = redis.call('HGET', KEYS[1], 'answer')
if answer then return answer end
if tonumber(redis.call('HGET', KEYS[1], 'n') or 0) <= tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'late', 1) end
return false
"""
_EXTEND = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_FORGET = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisCallbacks:
    """The `CallbackStore` of one channel."""

    def __init__(self, services: Services, channel: str) -> None:
        self._services = services
        self._channel = channel
        redis = services.redis
        self._begin = redis.register_script(_BEGIN)
        self._finish = redis.register_script(_FINISH)
        self._look = redis.register_script(_LOOK)
        self._give_up = redis.register_script(_GIVE_UP)
        self._extend = redis.register_script(_EXTEND)
        self._spared_until = 0.0

    async def begin(self, sender: str, message: str, nonce: str, digest: str, heard: str) -> Begun:
        """See `CallbackStore`."""
        token = secrets.token_hex(8)
        kind, answer, memo, count = await self._run(
            self._begin,
            keys=[
                f"nonce:{self._channel}:{hashlib.sha256(nonce.encode()).hexdigest()[:32]}",
                self._message(message),
                self._claim(message),
                self._memo(sender),
                contact_key(self._channel, sender),
            ],
            args=[digest, token, _LEASE_MS, heard, _iso(self._services.now())],
        )
        return Begun(kind.decode(), int(count), self._opened(answer), self._opened_memo(memo), token)

    async def finish(self, sender: str, message: str, token: str, answer: Answer) -> bool:
        """See `CallbackStore`. True also when the claim was lost: then another process answers."""
        late = await self._run(
            self._finish,
            keys=[self._message(message), self._claim(message), self._memo(sender)],
            args=[token, self._sealed(answer.text), self._sealed_memo(answer.memo)],
        )
        return int(late) != 1

    async def look(self, message: str) -> tuple[bool, str | None]:
        """See `CallbackStore`."""
        at_work, answer = await self._run(self._look, keys=[self._message(message), self._claim(message)])
        return bool(at_work), None if answer is None else self._opened(answer)

    async def give_up(self, message: str, delivery: int) -> str | None:
        """See `CallbackStore`."""
        answer = await self._run(self._give_up, keys=[self._message(message)], args=[delivery])
        return None if answer is None else self._opened(answer)

    async def extend(self, message: str, token: str) -> bool:
        """See `CallbackStore`."""
        return bool(await self._run(self._extend, keys=[self._claim(message)], args=[token, _LEASE_MS]))

    async def keep_memo(self, sender: str, memo: Memo) -> None:
        """See `CallbackStore`."""
        with told_as_away():
            await self._services.redis.set(self._memo(sender), self._sealed_memo(memo), ex=_KEPT_SECONDS)

    async def _run(self, script: Callable[..., Awaitable[Any]], keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        if time.monotonic() < self._spared_until:
            raise Away
        try:
            with told_as_away():
                return await asyncio.wait_for(script(keys=keys, args=args), _PATIENCE_SECONDS)
        except asyncio.TimeoutError as error:
            self._spared_until = time.monotonic() + _SPARED_SECONDS
            raise Away from error

    def _message(self, message: str) -> str:
        return f"callback:{self._channel}:{message}"

    def _claim(self, message: str) -> str:
        return f"callback:{self._channel}:{message}:claim"

    def _memo(self, sender: str) -> str:
        return f"memo:{self._channel}:{sender}"

    def _sealed(self, text: str) -> bytes:
        return self._services.vault.seal_json(text, "callback")

    def _opened(self, sealed: bytes) -> str:
        return str(self._services.vault.open_json(sealed, "callback")) if sealed else ""

    def _sealed_memo(self, memo: Memo) -> bytes:
        if memo == Memo():
            return b""
        kept = {"offered": memo.offered, "rest": memo.rest, "any": memo.any_word}
        return self._services.vault.seal_json(kept, "memo")

    def _opened_memo(self, sealed: bytes) -> Memo:
        if not sealed:
            return Memo()
        kept = self._services.vault.open_json(sealed, "memo")
        return Memo(tuple((title, payload) for title, payload in kept["offered"]), kept["rest"], kept["any"])


class RedisTokens:
    """The `TokenStore` of one account."""

    def __init__(self, services: Services, channel: str, account: str) -> None:
        self._services = services
        self._prefix = f"token:{channel}:{account}"
        self._forget = services.redis.register_script(_FORGET)

    async def kept(self, name: str) -> str | None:
        """See `TokenStore`."""
        with told_as_away():
            sealed = await self._services.redis.get(self._key(name))
        return str(self._services.vault.open_json(sealed, "token")) if sealed else None

    async def keep(self, name: str, value: str, seconds: int) -> None:
        """See `TokenStore`."""
        with told_as_away():
            await self._services.redis.set(self._key(name), self._sealed(value), ex=seconds)

    async def first(self, name: str, value: str, seconds: int) -> bool:
        """See `TokenStore`."""
        with told_as_away():
            return bool(await self._services.redis.set(self._key(name), self._sealed(value), ex=seconds, nx=True))

    async def forget(self, name: str, value: str) -> None:
        """See `TokenStore`."""
        with told_as_away():
            if await self.kept(name) == value:
                sealed = await self._services.redis.get(self._key(name))
                if sealed:
                    await self._forget(keys=[self._key(name)], args=[sealed])

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def _sealed(self, value: str) -> bytes:
        return self._services.vault.seal_json(value, "token")


def _iso(moment: datetime) -> str:
    return moment.isoformat()
