"""Callbacks that come again: the platform hangs up after five seconds and delivers the same message up to three times. The work
is done once; whoever is still on the line gets the answer, and when nobody is, it goes out by another way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.channels.base import Away

Wait = Callable[[float], Awaitable[None]]
_LOOK_SECONDS = 0.1
_BEAT_SECONDS = 1.0


@dataclass(frozen=True)
class Memo:
    """What a channel keeps of a person between two messages: what the numbers of the last list stand for, and the rest of a text
    that was too long. `any_word`: the rest is an answer that came too late, and any word shows it.
    """

    offered: tuple[tuple[str, str], ...] = ()
    rest: str = ""
    any_word: bool = False


@dataclass(frozen=True)
class Answer:
    """The text that answers a message ('' for none), and what to keep of the person with it."""

    text: str = ""
    memo: Memo = field(default_factory=Memo)


@dataclass(frozen=True)
class Begun:
    """A delivery as it begins. `new`: its work is ours, with the `token` of the claim. `working`: somebody else is at it. `answered`:
    the `answer` stands. `late`: nobody waited any more, the answer goes another way. `replayed`: the nonce was used for
    another message. `delivery` counts from 1. `signed` and `digest` as they were given.
    """

    kind: Literal["new", "working", "answered", "late", "replayed"]
    delivery: int = 1
    answer: str = ""
    memo: Memo = field(default_factory=Memo)
    token: str = ""
    signed: str = ""
    digest: str = ""


class CallbackStore(Protocol):
    """What all processes know of callbacks, for ten minutes. Each call is one round trip, and raises `Away` when none comes back."""

    async def begin(self, sender: str, message: str, nonce: str, digest: str, heard: str) -> Begun:
        """One delivery of a message. `nonce` with the time it was signed at; `digest` of what it says; `heard` is what the
        person did (message, menu, follow, scan; '' for what they did not do themselves)."""

    async def finish(self, sender: str, message: str, token: str, answer: Answer) -> bool:
        """Keeps the answer; False when the last delivery has gone without it."""

    async def look(self, message: str) -> tuple[bool, str | None]:
        """Whether somebody is at it still, and the answer if it stands."""

    async def give_up(self, message: str, delivery: int) -> str | None:
        """This delivery goes without an answer, and if it is the newest, so do all after it; the answer, if it has come just now."""

    async def extend(self, message: str, token: str) -> bool:
        """Keeps the claim for some seconds more; False when it was lost."""

    async def keep_memo(self, sender: str, memo: Memo) -> None:
        """For what is sent outside of an answer."""


class Once:
    """Does the work of each message once in all processes, and lets every delivery wait for it."""

    def __init__(self, store: CallbackStore, wait: Wait = asyncio.sleep) -> None:
        self._store = store
        self._wait = wait
        self._at_work: dict[str, asyncio.Task[bool]] = {}

    def start(
        self,
        sender: str,
        message: str,
        token: str,
        work: Callable[[], Awaitable[Answer]],
        late: Callable[[Answer], Awaitable[None]],
        away: Callable[[], Awaitable[None]],
    ) -> asyncio.Task[bool]:
        """Begins the work of a message that `begin` has called new; `late` gets its answer when nobody waited for it. `away` keeps
        the message when a server that its work needs does not answer."""
        task = asyncio.create_task(self._work(sender, message, token, work, late, away))
        self._at_work[message] = task
        task.add_done_callback(lambda _: self._at_work.pop(message, None))
        return task

    async def answer(
        self, message: str, delivery: int, seconds: float, task: asyncio.Task[bool] | None = None
    ) -> str | None:
        """The answer as soon as it stands; None when it has not come after `seconds`: then it is for a later delivery, or, if none
        has come by now, goes out by another way. `task` is what `start` has returned to this delivery.

        Raises:
            LookupError: whoever was at it has died: the next delivery does it again.
            Away: a server does not answer; `away` has kept the message.
        """
        over = asyncio.ensure_future(self._wait(seconds))
        try:
            while not over.done():
                at_work, answer = await self._store.look(message)
                if answer is not None:
                    return answer
                task = task or self._at_work.get(message)
                if task is not None and task.done() and task.exception() is None and task.result():
                    raise Away
                if task is not None and not task.done():
                    await asyncio.wait({task, over}, return_when=asyncio.FIRST_COMPLETED)
                elif at_work:
                    await asyncio.wait({over}, timeout=_LOOK_SECONDS)
                else:
                    raise LookupError(message)
        finally:
            over.cancel()
        return await self._store.give_up(message, delivery)

    async def stop(self) -> None:
        """Returns when all that was begun is done."""
        while self._at_work:
            await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    async def _work(
        self,
        sender: str,
        message: str,
        token: str,
        work: Callable[[], Awaitable[Answer]],
        late: Callable[[Answer], Awaitable[None]],
        away: Callable[[], Awaitable[None]],
    ) -> bool:
        """Whether the message was kept because a server was away."""
        beat = asyncio.create_task(self._beat(message, token))
        try:
            answer = await work()
            in_time = await self._store.finish(sender, message, token, answer)
            if not in_time and answer.text:
                await late(answer)
        except Away:
            await away()
            return True
        finally:
            beat.cancel()
        return False

    async def _beat(self, message: str, token: str) -> None:
        extended = True
        while extended:
            await asyncio.sleep(_BEAT_SECONDS)
            with suppress(Away):  # it may be back before the claim runs out
                extended = await self._store.extend(message, token)
