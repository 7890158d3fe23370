"""While a server is away: messages are taken, kept on disk, and replayed when it is back, each person's in their order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bot.channels.tencent.callbacks import Memo
from bot.channels.tencent.heard import Heard

logger = logging.getLogger(__name__)

TAKEN = (
    "系统正在恢复，这条消息已经收下，恢复后会按顺序办理并回复您，不用重发。急事请直接打电话给网格员，情况紧急拨打120。"
)
NOT_TAKEN = "系统暂时忙不过来，这一条没有收下，请过几分钟再发一次；急事请直接打电话给网格员，情况紧急拨打120。"
GIVEN_UP = "您之前在系统中断时发的一条消息没有办理成功，请再发一次；急事请直接打电话给网格员。"

_AT_ONCE = 32
_REST_SECONDS = 1.0
_LONGEST_SECONDS = 60.0
_MOST_ATTEMPTS = 8
_OLDEST_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Spooled:
    """What was kept: `age` in seconds, `attempts` to replay it so far."""

    id: int
    body: Mapping[str, Any]
    age: float
    attempts: int


class Spool(Protocol):
    """Messages on disk, shared by all processes of the machine."""

    def holds(self, sender: str) -> bool:
        """Whether something of this sender waits: what they say now must wait behind it."""

    async def keep(self, sender: str, key: str, body: dict[str, Any]) -> bool:
        """Keeps a message, durably, once for each key; False when it cannot be kept."""

    async def claim(self, most: int) -> Sequence[Spooled]:
        """The oldest of each sender, for this process alone for a minute."""

    async def done(self, ids: Collection[int]) -> None:
        """Forgets them."""

    async def later(self, ids: Collection[int], seconds: float, counted: bool) -> None:
        """Gives them back, for another time; `counted` as an attempt of theirs."""


@dataclass(frozen=True)
class Kept:
    """One message as it is kept. `signed` and `digest` as `CallbackStore.begin` takes them. `memo` is None where it could not begin,
    and else what was kept of the person as it did."""

    heard: Heard
    signed: str = ""
    digest: str = ""
    memo: Memo | None = None

    def as_json(self) -> dict[str, Any]:
        """For the spool."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Kept:
        """The inverse of `as_json`."""
        heard, memo = dict(body["heard"]), body["memo"]
        heard["job"] = tuple(heard["job"]) if heard["job"] else None
        return cls(
            Heard(**heard),
            body["signed"],
            body["digest"],
            Memo(tuple((title, payload) for title, payload in memo["offered"]), memo["rest"], memo["any_word"])
            if memo
            else None,
        )


Replay = Callable[[Kept], Awaitable[bool]]
"""Does the work of a kept message; False when it cannot be done yet."""


class CatchUp:
    """`ready`: whether the servers answer again. `give_up` tells a person that a message of theirs will not be done."""

    def __init__(
        self,
        spool: Spool,
        ready: Callable[[], Awaitable[bool]],
        replay: Replay,
        give_up: Callable[[Kept], Awaitable[None]],
    ) -> None:
        self._spool = spool
        self._ready = ready
        self._replay = replay
        self._give_up = give_up

    async def for_ever(self) -> None:
        """Replays what is kept until cancelled."""
        while True:
            try:
                while await self.once():
                    pass
            except Exception as error:  # a full disk must not end it
                logger.error("catching up waits: %s", type(error).__name__)
            await asyncio.sleep(_REST_SECONDS)

    async def once(self) -> int:
        """Replays what is due, one message of each person; returns how many were done."""
        claimed = await self._spool.claim(_AT_ONCE)
        if not claimed:
            return 0
        if not await self._ready():
            await self._spool.later([one.id for one in claimed], 0, counted=False)
            return 0
        ended = await asyncio.gather(*(self._one(one) for one in claimed))
        done = [one.id for one, well in zip(claimed, ended, strict=True) if well]
        await self._spool.done(done)
        for one, well in zip(claimed, ended, strict=True):
            if not well:
                await self._spool.later([one.id], min(2.0**one.attempts, _LONGEST_SECONDS), counted=True)
        return len(done)

    async def _one(self, one: Spooled) -> bool:
        kept = Kept.from_json(one.body)
        if one.attempts >= _MOST_ATTEMPTS or one.age > _OLDEST_SECONDS:
            logger.error("a spooled message is given up after %d attempts, %.0f s", one.attempts, one.age)
            await self._give_up(kept)
            return True
        return await self._replay(kept)
